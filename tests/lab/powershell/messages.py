# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts of PowerShell's own errors, in the languages that the lab's hosts speak.

A client must never read them, and a host with another language is how a test finds out that it does. The English ones are
PowerShell's resources (src/System.Management.Automation/resources of github.com/PowerShell/PowerShell); a host whose language
has no text here answers in English, as a Windows without that language pack does.
"""

from __future__ import annotations

_ENGLISH = {
    "NamedParameterNotFound": "A parameter cannot be found that matches parameter name '{parameter}'.",
    "AmbiguousParameter": (
        "Parameter cannot be processed because the parameter name '{parameter}' is ambiguous. Possible matches include:{matches}."
    ),
    "AmbiguousParameterSet": (
        "Parameter set cannot be resolved using the specified named parameters. "
        "One or more parameters issued cannot be used together or an insufficient number of parameters were provided."
    ),
    "MissingMandatoryParameter": (
        "Cannot process command because of one or more missing mandatory parameters: {parameter}."
    ),
    "MissingArgument": "Missing an argument for parameter '{parameter}'. Specify a parameter of type '{type}' and try again.",
    "ParameterAlreadyBound": (
        "Cannot bind parameter because parameter '{parameter}' is specified more than once. To provide multiple values to parameters "
        'that can accept multiple values, use the array syntax. For example, "-parameter value1,value2,value3".'
    ),
    "PositionalParameterNotFound": "A positional parameter cannot be found that accepts argument '{argument}'.",
    "ParameterBindingFailed": "Cannot bind parameter '{parameter}' to the target. {detail}",
    "CannotConvertArgument": "Cannot process argument transformation on parameter '{parameter}'. {detail}",
    "CannotConvertArgumentNoMessage": "Cannot bind parameter '{parameter}'. {detail}",
    "ParameterArgumentTransformationError": "Cannot process argument transformation on parameter '{parameter}'. {detail}",
    "ParameterArgumentValidationError": "Cannot validate argument on parameter '{parameter}'. {detail}",
    "ParameterArgumentValidationErrorNullNotAllowed": "Cannot bind argument to parameter '{parameter}' because it is null.",
    "ParameterArgumentValidationErrorEmptyStringNotAllowed": (
        "Cannot bind argument to parameter '{parameter}' because it is an empty string."
    ),
    "ParameterArgumentValidationErrorEmptyArrayNotAllowed": (
        "Cannot bind argument to parameter '{parameter}' because it is an empty array."
    ),
    "InputObjectNotBound": (
        "The input object cannot be bound to any parameters for the command either because the command does not take pipeline input "
        "or the input and its properties do not match any of the parameters that take pipeline input."
    ),
    "InputObjectMissingMandatory": (
        "The input object cannot be bound because it did not contain the information required to bind all mandatory parameters:"
        "  {parameter}"
    ),
    "CommandNotFoundException": (
        "The term '{argument}' is not recognized as the name of a cmdlet, function, script file, or operable program. "
        "Check the spelling of the name, or if a path was included, verify that the path is correct and try again."
    ),
    "ScriptsNotAllowed": (
        "The syntax is not supported by this runspace. This can occur if the runspace is in no-language mode."
    ),
    "Modules_ModuleNotFound": (
        "The specified module '{argument}' was not loaded because no valid module file was found in any module directory."
    ),
    "AddPSSnapInRead": "The Windows PowerShell snap-in '{argument}' is not installed on this computer.",
    "cannot-convert": 'Cannot convert value "{argument}" to type "{type}".',
    "access-denied": (
        "Connecting to remote server {argument} failed with the following error message : Access is denied. "
        "For more information, see the about_Remote_Troubleshooting Help topic."
    ),
    "cannot-connect": (
        "Connecting to remote server {argument} failed with the following error message : {detail} "
        "For more information, see the about_Remote_Troubleshooting Help topic."
    ),
}

_GERMAN = {
    "NamedParameterNotFound": 'Es wurde kein Parameter gefunden, der dem Parameternamen "{parameter}" entspricht.',
    "AmbiguousParameter": (
        'Der Parameter kann nicht verarbeitet werden, da der Parametername "{parameter}" nicht eindeutig ist. '
        "Mögliche Übereinstimmungen:{matches}."
    ),
    "AmbiguousParameterSet": (
        "Der Parametersatz kann mit den angegebenen benannten Parametern nicht aufgelöst werden."
    ),
    "MissingMandatoryParameter": (
        "Der Befehl kann nicht verarbeitet werden, da mindestens ein erforderlicher Parameter fehlt: {parameter}."
    ),
    "ParameterAlreadyBound": (
        'Der Parameter kann nicht gebunden werden, weil der Parameter "{parameter}" mehrmals angegeben wurde.'
    ),
    "PositionalParameterNotFound": (
        'Es wurde kein Positionsparameter gefunden, der das Argument "{argument}" akzeptiert.'
    ),
    "CannotConvertArgument": (
        'Die Argumenttransformation für den Parameter "{parameter}" kann nicht verarbeitet werden. {detail}'
    ),
    "CannotConvertArgumentNoMessage": 'Der Parameter "{parameter}" kann nicht gebunden werden. {detail}',
    "ParameterArgumentTransformationError": (
        'Die Argumenttransformation für den Parameter "{parameter}" kann nicht verarbeitet werden. {detail}'
    ),
    "ParameterArgumentValidationErrorNullNotAllowed": (
        'Das Argument kann nicht an den Parameter "{parameter}" gebunden werden, da es NULL ist.'
    ),
    "ParameterArgumentValidationErrorEmptyStringNotAllowed": (
        'Das Argument kann nicht an den Parameter "{parameter}" gebunden werden, da es sich um eine leere Zeichenfolge handelt.'
    ),
    "CommandNotFoundException": (
        'Die Benennung "{argument}" wurde nicht als Name eines Cmdlet, einer Funktion, einer Skriptdatei oder eines ausführbaren '
        "Programms erkannt. Überprüfen Sie die Schreibweise des Namens, oder ob der Pfad korrekt ist (sofern enthalten), "
        "und wiederholen Sie den Vorgang."
    ),
    "ScriptsNotAllowed": (
        "Die Syntax wird von diesem Runspace nicht unterstützt. Dies kann auftreten, wenn der Runspace im no-language-Modus ist."
    ),
    "cannot-convert": 'Der Wert "{argument}" kann nicht in den Typ "{type}" konvertiert werden.',
    "access-denied": (
        "Beim Verbinden mit dem Remoteserver {argument} ist folgender Fehler aufgetreten: Zugriff verweigert "
        'Weitere Informationen finden Sie im Hilfethema "about_Remote_Troubleshooting".'
    ),
}

_LANGUAGES = {"de": _GERMAN}


def text(key: str, culture: str, **values: object) -> str:
    """The text of an error in the language of a culture, in English where that language has none."""
    language = _LANGUAGES.get(culture.partition("-")[0].lower(), {})
    return (language.get(key) or _ENGLISH[key]).format(**values)
