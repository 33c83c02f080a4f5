# SPDX-License-Identifier: GPL-3.0-or-later
# What the real engine needs to stand in the place of the emulated PowerShell: the way to the farm, and stand-ins for the cmdlets
# that change what a session offers. proxies.py puts $LabSettings (JSON) before this and the generated functions after it.
#
# The engine comes without Microsoft.PowerShell.Utility and .Management: JSON and sockets are .NET's, and nothing here may use
# a cmdlet that is not in Microsoft.PowerShell.Core.

$global:Lab = [System.Text.Json.Nodes.JsonNode]::Parse($LabSettings)
$global:LabCallers = @{}        # function -> the fields of the product session that it was imported from
$global:LabSessions = [ordered]@{}
$global:LabLocation = 'C:\'
$global:LabLoaded = [System.Collections.Generic.List[string]]::new()
$global:LabCommon = [System.Management.Automation.PSCmdlet]::CommonParameters
$global:LabIsDeserialized = [psobject].GetProperty('IsDeserialized', [System.Reflection.BindingFlags]'NonPublic,Instance')
$global:LabNested = [System.Runtime.CompilerServices.ConditionalWeakTable[psobject, object]]::new()
# now, or it comes when its first name is called, and takes the place of what is defined here
$null = $ExecutionContext.InvokeCommand.InvokeScript('Import-Module Microsoft.PowerShell.Utility')

function global:Connect-LabFarm {
    $client = [System.Net.Sockets.TcpClient]::new([string]$Lab['address'], [int][string]$Lab['port'])
    $client.NoDelay = $true
    $utf8 = [System.Text.UTF8Encoding]::new($false)
    $stream = $client.GetStream()
    $writer = [System.IO.StreamWriter]::new($stream, $utf8)
    $writer.NewLine = "`n"
    $token = [System.Text.Json.Nodes.JsonObject]::new()
    $token['token'] = [string]$Lab['token']
    $writer.WriteLine($token.ToJsonString())
    @{ Client = $client; Writer = $writer; Reader = [System.IO.StreamReader]::new($stream, $utf8) }
}

function global:Request-LabFarm([string] $Operation, [System.Collections.IDictionary] $Fields) {
    $request = $Lab['fields'].DeepClone()
    $request['op'] = $Operation
    foreach ($name in $Fields.Keys) { $request[$name] = [string]$Fields[$name] }
    $farm = Connect-LabFarm
    try {
        $farm.Writer.WriteLine($request.ToJsonString())
        $farm.Writer.Flush()
        # the comma: PowerShell would hand an object of JSON on member by member
        return , [System.Text.Json.Nodes.JsonNode]::Parse($farm.Reader.ReadLine())
    }
    finally { $farm.Client.Dispose() }
}

# Secrets are opened here: the farm's end has no session key. What CLIXML cannot carry as itself goes as its text.
function global:Open-LabValue($Value) {
    if ($null -eq $Value) { return $null }
    if ($Value -is [securestring]) { return @{ '$secure' = [System.Net.NetworkCredential]::new('', $Value).Password } }
    if ($Value -is [pscredential]) { return @{ UserName = $Value.UserName; Password = (Open-LabValue $Value.Password) } }
    if ($Value -is [switch]) { return [bool]$Value }
    if ($Value -is [enum] -or $Value -is [System.Net.IPAddress]) { return $Value.ToString() }
    if ($Value -is [byte[]]) { return , $Value }
    if ($Value -is [System.Collections.IDictionary]) {
        $opened = @{}
        foreach ($key in $Value.Keys) { $opened[$key] = Open-LabValue $Value[$key] }
        return $opened
    }
    if ($Value -is [System.Collections.IList]) {
        $items = [System.Collections.ArrayList]::new()
        foreach ($item in $Value) { [void]$items.Add((Open-LabValue $item)) }
        return , $items
    }
    $Value
}

# An identity may come as the object that has it.
function global:Open-LabIdentity($Value) {
    if ($Value -is [psobject] -and $Value.psobject.Properties['Identity']) { return [string]$Value.Identity }
    Open-LabValue $Value
}

# PowerShell appends the function's name to an id, and names an exception by its type: the farm's record has both already.
function global:New-LabRecord($Fields) {
    $message, $id = [string]$Fields['message'], [string]$Fields['fqid']
    $target = if ($Fields['target']) { [string]$Fields['target'] }
    $record = [System.Management.Automation.ErrorRecord]::new([System.Exception]::new($message), $id, [string]$Fields['category'], $target)
    $record.CategoryInfo.Reason = [string]$Fields['reason']
    $hidden = [System.Reflection.BindingFlags]'NonPublic,Instance'
    [System.Management.Automation.ErrorRecord].GetField('_serializedFullyQualifiedErrorId', $hidden).SetValue($record, $id)
    $record
}

# The prefix keeps PowerShell from making live objects of types that it knows: a certificate would come without its private key.
function global:Restore-LabObject([string] $Text, [string] $Computer) {
    $value = [System.Management.Automation.PSSerializer]::Deserialize($Text.Replace('<T>', '<T>Lab.'))
    Restore-LabTypeName $value
    foreach ($property in $value.psobject.Properties) {
        if ($property.TypeNameOfValue -like 'Deserialized.*') { Restore-LabNested $property.Value }
    }
    if ($Computer) {
        # what came over a session that a session opened is as deserialized here as it is at its end
        $value.psobject.TypeNames.Insert(0, "Deserialized.$($value.psobject.TypeNames[0])")
        $value.psobject.Properties.Add([psnoteproperty]::new('PSComputerName', $Computer))
    }
    return , $value
}

function global:Restore-LabTypeName($Value) {
    $names = @($Value.psobject.TypeNames)
    if ($names[0] -notlike 'Deserialized.*') { return }
    $Value.psobject.TypeNames.Clear()
    foreach ($name in $names) { $Value.psobject.TypeNames.Add(($name -replace '^Deserialized\.Lab\.')) }
}

# The serializer goes one level deeper into what was deserialized once, as it does into every CIM instance; anything else that
# is nested becomes its text, as the live object does on a real server. What it was is kept for Select-Object,
# whose objects have notes: the serializer does not count them as a level.
function global:Restore-LabNested($Value) {
    Restore-LabTypeName $Value
    if ($Value -is [System.Collections.IList]) { foreach ($item in $Value) { if ($item) { Restore-LabNested $item } } }
    foreach ($property in $Value.psobject.Properties) {
        if ($property.TypeNameOfValue -like 'Deserialized.*') { Restore-LabNested $property.Value }
    }
    if ($Value.psobject.BaseObject -isnot [System.Management.Automation.PSCustomObject]) { return }
    if ($Value.psobject.TypeNames -contains 'Microsoft.Management.Infrastructure.CimInstance') { return }
    $known = $null
    if ($LabNested.TryGetValue($Value, [ref]$known)) { return }  # in two properties of one object
    $LabNested.Add($Value, @($Value.psobject.TypeNames))
    Set-LabForm $Value $false 'System.Management.Automation.PSCustomObject', 'System.Object'
}

function global:Show-LabNested($Value) {
    foreach ($item in $Value) {
        $names = $null
        if ($item -and $LabNested.TryGetValue($item, [ref]$names)) { Set-LabForm $item $true $names }
    }
    return , $Value
}

function global:Set-LabForm([psobject] $Value, [bool] $Deserialized, [string[]] $TypeNames) {
    $LabIsDeserialized.SetValue($Value, $Deserialized)
    $Value.psobject.TypeNames.Clear()
    foreach ($name in $TypeNames) { $Value.psobject.TypeNames.Add($name) }
}

# Between two statements the engine can stop a pipeline, inside of one it cannot.
function global:Read-LabAnswer([System.IO.StreamReader] $Reader) {
    $line = $Reader.ReadLineAsync()
    while (-not $line.Wait(100)) { }
    $line.Result
}

# $Last: nothing follows in the pipeline, so the object leaves the server's process and takes its form on the wire.
function global:Invoke-LabCmdlet($Caller, [string] $Name, [string] $Shell, $Bound, [string[]] $Identities, [bool] $Last) {
    $values = @{}
    foreach ($key in $Bound.Keys) {
        if ($key -in $LabCommon) { continue }
        $values[$key] = if ($key -in $Identities) { Open-LabIdentity $Bound[$key] } else { Open-LabValue $Bound[$key] }
    }
    $session = $LabCallers[$Caller.MyInvocation.MyCommand.Name]
    $request = $Lab['fields'].DeepClone()
    if ($session) { foreach ($pair in $session.GetEnumerator()) { $request[$pair.Key] = $pair.Value.DeepClone() } }
    $request['op'] = 'cmdlet'
    $request['shell'] = $Shell
    $request['cmdlet'] = $Name
    $request['set'] = [string]$Caller.ParameterSetName
    $request['parameters'] = [System.Management.Automation.PSSerializer]::Serialize($values, 6)
    $farm = Connect-LabFarm
    try {
        $farm.Writer.WriteLine($request.ToJsonString())
        $farm.Writer.Flush()
        $computer = if ($session) { [string]$session['host'] }
        while ($null -ne ($line = Read-LabAnswer $farm.Reader)) {
            $answer = [System.Text.Json.Nodes.JsonNode]::Parse($line)
            if ($answer['output']) {
                $form = if ($answer['remote'] -and ($Last -or $session)) { 'remote' } else { 'output' }
                $Caller.WriteObject((Restore-LabObject ([string]$answer[$form]) $computer))
            }
            elseif ($answer['warning']) { $Caller.WriteWarning([string]$answer['warning']) }
            elseif ($answer['verbose']) { $Caller.WriteVerbose([string]$answer['verbose']) }
            elseif ($answer['error']) { $Caller.WriteError((New-LabRecord $answer['error'])) }
            elseif ($answer['failed']) { $Caller.ThrowTerminatingError((New-LabRecord $answer['failed'])) }
            else { return }
        }
        throw [System.IO.IOException]::new('The farm has closed the connection.')
    }
    finally { $farm.Client.Dispose() }
}

function global:Write-LabError($Caller, [string] $Id, [string] $Category, [string] $Reason, [string] $Message, [string] $Target) {
    $Caller.WriteError((New-LabRecord @{ message = $Message; fqid = $Id; category = $Category; reason = $Reason; target = $Target }))
}

# Functions of the product: all of those that are asked for, each once.
function global:Add-LabFunction([string[]] $Name) {
    $text = foreach ($each in $Name) { if ($LabFunctions.Contains($each)) { $LabFunctions[$each] } }
    . ([scriptblock]::Create($text -join "`n"))
}

function global:Select-Object {
    [CmdletBinding()] param([Parameter(ValueFromPipeline)] [psobject] $InputObject, [Parameter(Position = 1)] [object[]] $Property,
        [string] $ExpandProperty, [int] $First = [int]::MaxValue, [int] $Last, [int] $Skip)
    begin { $seen, $kept = 0, [System.Collections.Generic.List[object]]::new() }
    process {
        if (-not $PSBoundParameters.ContainsKey('InputObject') -or ++$seen -le $Skip -or $seen - $Skip -gt $First) { return }
        if ($Last) { $kept.Add($InputObject) } else { Select-LabProperty $PSCmdlet $InputObject $Property $ExpandProperty }
    }
    end {
        for ($index = [Math]::Max(0, $kept.Count - $Last); $index -lt $kept.Count; $index++) {
            Select-LabProperty $PSCmdlet $kept[$index] $Property $ExpandProperty
        }
    }
}

function global:Select-LabProperty($Caller, [psobject] $Value, [object[]] $Names, [string] $Expand) {
    if (-not $Names -and -not $Expand) { return $Caller.WriteObject($Value) }
    $picked = [ordered]@{}
    foreach ($name in $Names) {
        $found = if ([WildcardPattern]::ContainsWildcardCharacters($name)) { $Value.psobject.Properties.Where({ $_.Name -like $name }) } else { $Value.psobject.Properties[[string]$name] }
        foreach ($each in $found) { $picked[$each.Name] = Show-LabNested $each.Value }
        if (-not $found) { $picked[[string]$name] = $null }
    }
    if (-not $Expand) {
        $made = [pscustomobject]$picked
        $made.psobject.TypeNames.Insert(0, "Selected.$($Value.psobject.TypeNames[0])")
        return $Caller.WriteObject($made)
    }
    $found = $Value.psobject.Properties[$Expand]
    if (-not $found) {
        return Write-LabError $Caller 'ExpandPropertyNotFound,Microsoft.PowerShell.Commands.SelectObjectCommand' 'InvalidArgument' 'PSArgumentException' "Property ""$Expand"" cannot be found."
    }
    $expanded = Show-LabNested $found.Value
    foreach ($each in $expanded) {
        if ($null -eq $each) { continue }
        $entry = [psobject]::AsPSObject($each)
        foreach ($note in ([pscustomobject]$picked).psobject.Properties) {
            if (-not $entry.psobject.Properties[$note.Name]) { $entry.psobject.Properties.Add($note.Copy()); continue }
            Write-LabError $Caller 'AlreadyExistingUserSpecifiedPropertyExpand,Microsoft.PowerShell.Commands.SelectObjectCommand' 'InvalidOperation' 'PSArgumentException' "The property cannot be processed because the property ""$($note.Name)"" already exists."
        }
        $Caller.WriteObject($entry)
    }
}

if ([string]$Lab['profile'] -eq 'windows') {
    function global:Get-Date {
        [CmdletBinding()] param([Parameter(Position = 1, ValueFromPipeline)] [datetime] $Date)
        process { if ($Date) { $Date } else { [datetimeoffset]::Parse([string](Request-LabFarm 'clock' @{})['now']).UtcDateTime } }
    }
    function global:Out-String {
        [CmdletBinding()] param([Parameter(ValueFromPipeline)] [psobject] $InputObject, [switch] $Stream)
        begin { $lines = '' } process { if ($Stream) { "$InputObject" } else { $lines += "$InputObject`r`n" } } end { if (-not $Stream) { $lines } }
    }
    # A program's host ends what is written for it with LF alone: the null before it tells (wire/engine.py).
    function global:Write-Host {
        [CmdletBinding()] param([Parameter(Position = 1, ValueFromPipeline, ValueFromRemainingArguments)] [Alias('Msg', 'Message')] [object] $Object,
            [switch] $NoNewline, [object] $Separator = ' ', [System.ConsoleColor] $ForegroundColor, [System.ConsoleColor] $BackgroundColor)
        process {
            $text = [string]::Join([string]$Separator, @($Object))
            if ($Host.Name -eq 'ConsoleHost') { return [System.Console]::Out.Write($(if ($NoNewline) { $text } else { "$text`0`n" })) }
            $message = [System.Management.Automation.HostInformationMessage]@{ Message = $text; NoNewLine = [bool]$NoNewline }
            $PSCmdlet.WriteInformation($message, [string[]]@('PSHOST'))
        }
    }
    function global:Write-Debug { [CmdletBinding()] param([Parameter(Mandatory, Position = 1, ValueFromPipeline)] [string] $Message) process { $PSCmdlet.WriteDebug($Message) } }
    function global:Invoke-Expression {
        [CmdletBinding()] param([Parameter(Mandatory, Position = 1, ValueFromPipeline)] [string] $Command)
        process { . ([scriptblock]::Create($Command)) }
    }
    function global:Get-Variable {
        [CmdletBinding()] param([Parameter(Mandatory, Position = 1)] [string[]] $Name)
        foreach ($each in $Name) { $ExecutionContext.SessionState.PSVariable.Get($each) }
    }
    function global:Get-Location { [pscustomobject]@{ Path = $LabLocation } }
    function global:Measure-Object {
        [CmdletBinding()] param([Parameter(ValueFromPipeline)] [psobject] $InputObject)
        begin { $count = 0 } process { $count++ } end { [pscustomobject]@{ Count = $count } }
    }
    function global:Add-PSSnapin {
        [CmdletBinding()] param([Parameter(Mandatory, Position = 1)] [string[]] $Name, [switch] $PassThru)
        foreach ($each in $Name) {
            if ($each -ne [string]$Lab['snapin'] -or $LabLoaded.Contains($each)) {
                Write-LabError $PSCmdlet 'AddPSSnapInRead,Microsoft.PowerShell.Commands.AddPSSnapinCommand' 'InvalidArgument' 'PSArgumentException' "The Windows PowerShell snap-in '$each' is not installed on this computer." $each
                continue
            }
            $null = Request-LabFarm 'charge' @{ what = 'snapin_load' }
            $LabLoaded.Add($each)
            Add-LabFunction $LabFunctions.Keys
            if ($PassThru) { [pscustomobject]@{ Name = $each } }
        }
    }
    function global:Get-PSSnapin {
        [CmdletBinding()] param([Parameter(Position = 1)] [string[]] $Name = '*', [switch] $Registered)
        $there = if ($Registered) { @([string]$Lab['snapin']) -ne '' } else { @('Microsoft.PowerShell.Core') + @($LabLoaded -eq [string]$Lab['snapin']) }
        foreach ($each in $there) { foreach ($pattern in $Name) { if ($each -like $pattern) { [pscustomobject]@{ Name = $each } } } }
    }
    function global:Get-Module {
        [CmdletBinding()] param([Parameter(Position = 1)] [string[]] $Name = '*', [switch] $ListAvailable, [switch] $All)
        $there = if ($ListAvailable) { @([string]$Lab['module']) -ne '' } else { @($LabLoaded) }
        foreach ($each in $there) { foreach ($pattern in $Name) { if ($each -like $pattern) { [pscustomobject]@{ Name = $each; Version = [version]'1.0' } } } }
    }
    function global:Import-Module {
        [CmdletBinding()] param([Parameter(Mandatory, Position = 1)] [string[]] $Name, [switch] $Force, [switch] $PassThru, [switch] $DisableNameChecking, [switch] $Global)
        foreach ($each in $Name) {
            $module = ($each -split '[\\/]')[-1] -replace '\.psd1$'
            if ($module -like 'Microsoft.PowerShell.*') { continue }
            if (-not $module -or $module -ne [string]$Lab['module']) {
                Write-LabError $PSCmdlet 'Modules_ModuleNotFound,Microsoft.PowerShell.Commands.ImportModuleCommand' 'ResourceUnavailable' 'FileNotFoundException' "The specified module '$each' was not loaded because no valid module file was found in any module directory." $each
                continue
            }
            if (-not $LabLoaded.Contains($module)) { $null = Request-LabFarm 'charge' @{ what = 'module_load' }; $LabLoaded.Add($module) }
            if ($PassThru) { [pscustomobject]@{ Name = $module; Version = [version]'1.0' } }
        }
    }
    function global:New-PSSession {
        [CmdletBinding(DefaultParameterSetName = 'ComputerName')] param(
            [Parameter(ParameterSetName = 'ComputerName', Position = 1)] [string[]] $ComputerName,
            [Parameter(ParameterSetName = 'Uri', Mandatory, Position = 1)] [uri[]] $ConnectionUri,
            [Parameter(ParameterSetName = 'Uri')] [switch] $AllowRedirection,
            [string[]] $Name, [pscredential] $Credential, [string] $ConfigurationName = 'Microsoft.PowerShell',
            [System.Management.Automation.Runspaces.AuthenticationMechanism] $Authentication, [object] $SessionOption)
        foreach ($uri in $ConnectionUri) {
            $host_ = Request-LabFarm 'describe' @{ host = $uri.Host }
            $endpoint = @($host_['endpoints']).Where({ $_ -and ([string]$_['path']) -eq $uri.AbsolutePath.TrimEnd('/') -and ([string]$_['configuration']) -eq $ConfigurationName -and ([string]$_['profile']) -eq 'exchange-endpoint' })[0]
            if (-not $endpoint) {
                Write-LabError $PSCmdlet 'CannotConnect,PSSessionOpenFailed' 'OpenError' 'PSRemotingTransportException' "[$($uri.Host)] Connecting to remote server $($uri.Host) failed with the following error message : The client cannot connect to the destination specified in the request." $uri.Host
                continue
            }
            $fields = [System.Text.Json.Nodes.JsonObject]::new()
            $user = Find-LabUser $host_ $Credential
            $allowed = @($endpoint['allowed_groups']).ForEach({ [string]$_ })
            if ($user -and $allowed -and -not @($user['groups']).Where({ [string]$_ -in $allowed })) { $user = $null }
            if (-not $user) {
                Write-LabError $PSCmdlet 'AccessDenied,PSSessionOpenFailed' 'OpenError' 'PSRemotingTransportException' "[$($uri.Host)] Connecting to remote server $($uri.Host) failed with the following error message : Access is denied." $uri.Host
                continue
            }
            $id = [guid]::NewGuid()
            $fields['host'] = [string]$host_['fqdn']
            $fields['user'] = [string]$user['name']
            $fields['groups'] = $user['groups'].DeepClone()
            $fields['delegated'] = $true
            $fields['session'] = $id.ToString().ToUpperInvariant()
            $fields['endpoint'] = [string]$endpoint['path']
            $null = Request-LabFarm 'charge' @{ what = 'session_open' }
            Send-LabSession 'session_opened' $fields
            $number = $LabSessions.Count + 1
            $LabSessions[[string]$id] = $fields
            [pscustomobject]@{ Id = $number; InstanceId = $id; ComputerName = $uri.Host
                Name = $(if ($Name) { $Name[0] } else { "Session$number" }); ConfigurationName = $ConfigurationName; State = 'Opened'; Availability = 'Available' }
        }
    }
    function global:Find-LabUser($Description, $Credential) {
        if (-not $Credential) {
            if (-not [bool]::Parse([string]$Lab['fields']['delegated'])) { return }
            $name, $password = [string]$Lab['fields']['user'], $null
        }
        else { $name, $password = $Credential.UserName, [System.Net.NetworkCredential]::new('', $Credential.Password).Password }
        foreach ($user in $Description['users']) {
            $names = [string]$user['name'], [string]$user['upn'], ([string]$user['name'] -split '\\')[-1]
            if ($name -in $names -and ($null -eq $password -or $password -ceq [string]$user['password'])) { return , $user }
        }
    }
    function global:Send-LabSession([string] $Event, $Fields) {
        $told = $Lab['fields'].DeepClone()
        foreach ($pair in $Fields.GetEnumerator()) { $told[$pair.Key] = $pair.Value.DeepClone() }
        $told['op'], $told['event'], $told['shell'] = 'event', $Event, 'exchange'
        $farm = Connect-LabFarm
        try { $farm.Writer.WriteLine($told.ToJsonString()); $farm.Writer.Flush(); $null = $farm.Reader.ReadLine() } finally { $farm.Client.Dispose() }
    }
    function global:Import-PSSession {
        [CmdletBinding()] param([Parameter(Mandatory, Position = 1)] [psobject] $Session, [Parameter(Position = 3)] [string[]] $CommandName = '*',
            [switch] $AllowClobber, [switch] $DisableNameChecking, [string] $Prefix)
        $fields = $LabSessions[[string]$Session.InstanceId]
        $request = $fields.DeepClone()
        $request['op'], $request['shell'] = 'offers', 'exchange'
        $farm = Connect-LabFarm
        try { $farm.Writer.WriteLine($request.ToJsonString()); $farm.Writer.Flush(); $offers = [System.Text.Json.Nodes.JsonNode]::Parse($farm.Reader.ReadLine()) } finally { $farm.Client.Dispose() }
        $null = Request-LabFarm 'charge' @{ what = 'session_import' }
        $names = @(foreach ($offered in $offers['cmdlets']) { foreach ($pattern in $CommandName) { if ([string]$offered -like $pattern) { [string]$offered; break } } })
        if (-not $names) {
            Write-LabError $PSCmdlet 'ErrorNoCommandsImportedBecauseOfSkipping,Microsoft.PowerShell.Commands.ImportPSSessionCommand' 'InvalidResult' 'ArgumentException' 'No command proxies have been created.'
            return
        }
        foreach ($each in $names) { $LabCallers[$each] = $fields }
        Add-LabFunction $names
        [pscustomobject]@{ Name = "tmp_$([string]$Session.InstanceId)"; ExportedCommands = $names }
    }
    function global:Get-PSSession { [CmdletBinding()] param([string[]] $Name) foreach ($id in @($LabSessions.Keys)) { [pscustomobject]@{ InstanceId = $id; State = 'Opened' } } }
    function global:Remove-PSSession {
        [CmdletBinding()] param([Parameter(Mandatory, Position = 1, ValueFromPipeline)] [psobject[]] $Session)
        process {
            foreach ($each in $Session) {
                $id = [string]$each.InstanceId
                if ($LabSessions.Contains($id)) { Send-LabSession 'session_closed' $LabSessions[$id]; $LabSessions.Remove($id) }
            }
        }
    }
}
