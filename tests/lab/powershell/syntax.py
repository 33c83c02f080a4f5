# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the PowerShell language that the lab reads: its tree and the parser.

A script is read whole before anything of it runs. What is not in this part of the language is an error that says so; nothing is
skipped or guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from psrpcore import types as ps


class NotInLabError(Exception):
    """The script has something that this parser does not read."""


@dataclass(frozen=True)
class Literal:
    value: Any


@dataclass(frozen=True)
class Variable:
    name: str


@dataclass(frozen=True)
class Expandable:
    """A double-quoted string: texts and variables in turn."""

    parts: tuple[Any, ...]


@dataclass(frozen=True)
class Member:
    target: Any
    name: str


@dataclass(frozen=True)
class ListOf:
    items: tuple[Any, ...]


@dataclass(frozen=True)
class HashOf:
    pairs: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class SubExpression:
    """A pipeline in parentheses; ``array``: in ``@( )``, always a list."""

    pipeline: Pipeline
    array: bool = False


@dataclass(frozen=True)
class Compare:
    operator: str
    left: Any
    right: Any


@dataclass(frozen=True)
class Not:
    operand: Any


@dataclass(frozen=True)
class Invocation:
    """A command and its arguments."""

    name: str
    arguments: tuple[tuple[str | None, Any], ...]


@dataclass(frozen=True)
class Pipeline:
    """Elements: invocations, or an expression in the first place."""

    elements: tuple[Any, ...]


@dataclass(frozen=True)
class Assign:
    """``$name = …``; the name ``null`` drops the value."""

    name: str
    pipeline: Pipeline


@dataclass(frozen=True)
class If:
    condition: Any
    then: tuple[Any, ...]
    otherwise: tuple[Any, ...]


@dataclass(frozen=True)
class Exit:
    """``exit``, with the code that the host shall end with."""

    code: Any


@dataclass(frozen=True)
class ScriptParameter:
    name: str
    type: str
    mandatory: bool
    default: Any


@dataclass(frozen=True)
class Script:
    parameters: tuple[ScriptParameter, ...] = ()
    statements: tuple[Any, ...] = field(default_factory=tuple)


_CONSTANTS = {"true": True, "false": False, "null": None}
_SPACE = re.compile(r"(?:[ \t\r]|`\r?\n|#[^\n]*|<#.*?#>)*", re.DOTALL)
_LINES = re.compile(r"(?:[\s;]|`\r?\n|#[^\n]*|<#.*?#>)*", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][\w]*")
_VARIABLE = re.compile(r"\$(?:(?:global|script|local):)?(?:\{(?P<braced>\w+)\}|(?P<plain>\w+))(?![\w:])", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?![\w.:\\/-])")
_COMMAND = re.compile(r"[A-Za-z_][\w\\-]*")
_DASHED = re.compile(r"-(?!(?:b?not|[ic]?split|join)\b)[A-Za-z_][\w-]*", re.IGNORECASE)
"""A word that begins a statement as a command's name does, though no command has such a name; the rest are operators."""
_KEYWORDS = re.compile(
    r"(?:begin|break|class|continue|data|do|dynamicparam|end|enum|exit|filter|finally|for|foreach|function|param|process|return|switch"
    r"|throw|trap|try|until|using|while)(?![\w\\-])",
    re.IGNORECASE,
)
_PARAMETER = re.compile(r"-([A-Za-z_]\w*)(:?)")
_BAREWORD = re.compile(r"[\w.:\\/*?+=%~-]+")
_SINGLE = re.compile(r"'((?:[^']|'')*)'")
_OPERATOR = re.compile(r"-(eq|ne)\b", re.IGNORECASE)
_TYPE = re.compile(r"\[\s*([\w.]+(?:\[\])?)\s*\]")
_ATTRIBUTE = re.compile(r"\[\s*Parameter\s*\(([^()]*)\)\s*\]", re.IGNORECASE)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}


class Parser:
    """A cursor over a script's text."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def fail(self, what: str) -> NotInLabError:
        """The error for what stands at the cursor."""
        line = self.text.count("\n", 0, self.at) + 1
        rest = self.text[self.at : self.at + 40].split("\n")[0]
        return NotInLabError(f"line {line}: {what}: {rest!r}")

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Read what a pattern matches here, or nothing."""
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def sign(self, *signs: str) -> str | None:
        """Read one of some signs, or nothing."""
        self.take(_SPACE)
        for sign in signs:
            if self.text.startswith(sign, self.at):
                self.at += len(sign)
                return sign
        return None

    def expect(self, sign: str) -> None:
        """Read a sign that must be here."""
        self.take(_LINES if sign in ")}" else _SPACE)
        if not self.sign(sign):
            raise self.fail(f"{sign!r} is expected")

    def ends(self, signs: str) -> bool:
        """Whether the text ends here, or one of some signs stands here."""
        self.take(_SPACE)
        return self.at >= len(self.text) or self.text[self.at] in signs

    def word(self, word: str) -> bool:
        """Read a keyword, or nothing."""
        self.take(_SPACE)
        return self.take(re.compile(rf"{word}\b(?!-)", re.IGNORECASE)) is not None

    def script(self) -> Script:
        """The whole text."""
        self.take(_LINES)
        parameters = self._parameters() if self.word("param") else ()
        statements = self._statements()
        self.take(_LINES)
        if self.at < len(self.text):
            raise self.fail("unexpected")
        return Script(parameters, statements)

    def _parameters(self) -> tuple[ScriptParameter, ...]:
        self.expect("(")
        found: list[ScriptParameter] = []
        self.take(_LINES)
        while not self.sign(")"):
            found.append(self._parameter())
            self.take(_LINES)
            self.sign(",")
            self.take(_LINES)
        return tuple(found)

    def _parameter(self) -> ScriptParameter:
        attribute = self.take(_ATTRIBUTE)
        self.take(_LINES)
        type_name = self.take(_TYPE)
        self.take(_SPACE)
        name = self.take(_VARIABLE)
        if not name:
            raise self.fail("a parameter is expected")
        mandatory = bool(attribute and re.search(r"Mandatory(?!\s*=\s*\$false)", attribute[1], re.IGNORECASE))
        default = self._value() if self.sign("=") else Literal(None)
        return ScriptParameter(
            name["braced"] or name["plain"], type_name[1] if type_name else "object", mandatory, default
        )

    def _statements(self) -> tuple[Any, ...]:
        found: list[Any] = []
        self.take(_LINES)
        while self.at < len(self.text) and self.text[self.at] != "}":
            found.append(self._statement())
            if not self.ends("\n;}"):
                raise self.fail("unexpected")
            self.take(_LINES)
        return tuple(found)

    def _statement(self) -> Any:
        if self.word("if"):
            return self._if()
        if self.word("exit"):
            return Exit(Literal(None) if self.ends("\n;}") else self._value())
        if self.take(re.compile(r"\[void\]", re.IGNORECASE)):
            return Assign("null", self._pipeline())
        start = self.at
        name = self.take(_VARIABLE)
        if name and self.sign("=") and not self.text.startswith("=", self.at):
            return Assign((name["braced"] or name["plain"]).lower(), self._pipeline())
        self.at = start
        return self._pipeline()

    def _if(self) -> If:
        self.expect("(")
        condition = self._condition()
        self.expect(")")
        then, otherwise = self._block(), ()
        start = self.at
        self.take(_LINES)
        if self.word("else"):
            otherwise = self._block()
        else:
            self.at = start
        return If(condition, then, otherwise)

    def _block(self) -> tuple[Any, ...]:
        self.expect("{")
        found = self._statements()
        self.expect("}")
        return found

    def _condition(self) -> Any:
        if self.sign("!") or self.take(re.compile(r"-not\b", re.IGNORECASE)):
            return Not(self._condition())
        self.take(_SPACE)
        if _COMMAND.match(self.text, self.at):
            return SubExpression(self._pipeline())
        left = self._value()
        self.take(_SPACE)
        operator = self.take(_OPERATOR)
        return Compare(operator[1].lower(), left, self._value()) if operator else left

    def _pipeline(self) -> Pipeline:
        self.take(_SPACE)
        elements = [self._element(first=True)]
        while self.sign("|"):
            self.take(_LINES)
            elements.append(self._element(first=False))
        return Pipeline(tuple(elements))

    def _element(self, *, first: bool) -> Any:
        self.take(_SPACE)
        if self.sign("&"):
            name = self._value()
            if not isinstance(name, Literal) or not isinstance(name.value, str):
                raise self.fail("only a command's name can be called")
            return Invocation(name.value, self._arguments())
        if _KEYWORDS.match(self.text, self.at):
            raise self.fail("a keyword")
        command = self.take(_COMMAND) or (self.take(_DASHED) if first else None)
        if command and self.text.startswith((".", ":", "/"), self.at):
            self.at = command.start()
            raise self.fail("a program or a script by its file")
        if command:
            return Invocation(command[0], self._arguments())
        if not first:
            raise self.fail("a command is expected")
        return self._argument_value()

    def _arguments(self) -> tuple[tuple[str | None, Any], ...]:
        found: list[tuple[str | None, Any]] = []
        while True:
            if self.ends("\n;|)}"):
                return tuple(found)
            parameter = self.take(_PARAMETER)
            if not parameter:
                found.append((None, self._argument()))
                continue
            found.append((parameter[1], self._parameter_value(parameter[2] == ":")))

    def _parameter_value(self, colon: bool) -> Any:
        """What follows a parameter's name; None where nothing does (a switch)."""
        if (self.ends("\n;|)}") or _PARAMETER.match(self.text, self.at)) and not colon:
            return None
        return self._argument()

    def _argument(self) -> Any:
        items = [self._value(bareword=True)]
        while self.sign(","):
            self.take(_LINES)
            items.append(self._value(bareword=True))
        return items[0] if len(items) == 1 else ListOf(tuple(items))

    def _value(self, *, bareword: bool = False) -> Any:
        self.take(_SPACE)
        value = self._primary(bareword)
        while self.text.startswith(".", self.at) and _NAME.match(self.text, self.at + 1):
            self.at += 1
            name = self.take(_NAME)
            assert name is not None  # it was there
            value = Member(value, name[0])
        if self.at < len(self.text) and self.text[self.at] in "[":
            raise self.fail("an index")
        return value

    def _primary(self, bareword: bool) -> Any:
        if found := self.take(_VARIABLE):
            name = (found["braced"] or found["plain"]).lower()
            return Literal(_CONSTANTS[name]) if name in _CONSTANTS else Variable(name)
        if found := self.take(_SINGLE):
            return Literal(ps.PSString(found[1].replace("''", "'")))
        if self.sign('"'):
            return self._expandable()
        if self.sign("@("):
            return self._parenthesised(array=True)
        if self.sign("@{"):
            return self._hashtable()
        if self.sign("("):
            return self._parenthesised(array=False)
        if found := self.take(_NUMBER):
            return Literal(float(found[0]) if "." in found[0] else ps.PSInt(int(found[0])))
        if bareword and (found := self.take(_BAREWORD)):
            return Literal(ps.PSString(found[0]))
        raise self.fail("not a value that the lab reads")

    def _parenthesised(self, *, array: bool) -> Any:
        self.take(_LINES)
        if array and self.sign(")"):
            return ListOf(())
        if _COMMAND.match(self.text, self.at) or self.text.startswith("&", self.at):
            pipeline = self._pipeline()
            self.expect(")")
            return SubExpression(pipeline, array)
        items = [self._value()]
        while self.sign(",") or (array and self.take(re.compile(r"[\s;]*[\n;]\s*(?!\s*\))"))):
            self.take(_LINES)
            items.append(self._value())
        if self.sign("|"):
            self.take(_LINES)
            rest = self._pipeline()
            self.expect(")")
            return SubExpression(
                Pipeline((items[0] if len(items) == 1 else ListOf(tuple(items)), *rest.elements)), array
            )
        self.expect(")")
        return ListOf(tuple(items)) if array or len(items) > 1 else items[0]

    def _hashtable(self) -> HashOf:
        pairs: list[tuple[str, Any]] = []
        self.take(_LINES)
        while not self.sign("}"):
            key = self.take(_NAME) or self.take(_SINGLE)
            if not key:
                raise self.fail("a key is expected")
            self.expect("=")
            pairs.append((key[key.lastindex or 0], self._argument_value()))
            self.take(_LINES)
        return HashOf(tuple(pairs))

    def _argument_value(self) -> Any:
        self.take(_SPACE)
        items = [self._value()]
        while self.sign(","):
            items.append(self._value())
        return items[0] if len(items) == 1 else ListOf(tuple(items))

    def _expandable(self) -> Any:
        parts: list[Any] = []
        text = ""
        while not self.text.startswith('"', self.at) or self.text.startswith('""', self.at):
            if self.at >= len(self.text) or self.text.startswith("$(", self.at):
                raise self.fail("an unclosed string, or an expression in a string")
            if found := self.take(_VARIABLE):
                name = (found["braced"] or found["plain"]).lower()
                parts += [text, Literal(_CONSTANTS[name]) if name in _CONSTANTS else Variable(name)]
                text = ""
                continue
            text += self._character()
        self.at += 1
        return Expandable((*parts, text)) if parts else Literal(ps.PSString(text))

    def _character(self) -> str:
        sign = self.text[self.at]
        if sign in '`"':
            self.at += 1
            sign = self.text[self.at : self.at + 1]
            sign = _ESCAPES.get(sign, sign) if self.text[self.at - 1] == "`" else sign
        self.at += 1
        return sign


def parse(text: str) -> Script:
    """A script's tree.

    :raises NotInLabError: where the script is not in the lab's part of the language.
    """
    return Parser(text).script()
