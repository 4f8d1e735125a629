#include "images/service/unit_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <vector>

#include "base/nearest.h"

namespace images {
namespace {

// What systemd 252, 257 and 262 know (`systemd --dump-configuration-items`), all together.
constexpr const char* kUnit =
    "After AllowIsolate AssertACPower AssertArchitecture AssertCPUFeature AssertCPUPressure "
    "AssertCPUs AssertCapability AssertControlGroupController AssertCredential "
    "AssertDirectoryNotEmpty AssertEnvironment AssertFileIsExecutable AssertFileNotEmpty "
    "AssertFirstBoot AssertFraction AssertGroup AssertHost AssertIOPressure "
    "AssertKernelCommandLine AssertKernelModuleLoaded AssertKernelVersion AssertMachineTag "
    "AssertMemory AssertMemoryPressure AssertNeedsUpdate AssertOSRelease AssertPathExists "
    "AssertPathExistsGlob AssertPathIsDirectory AssertPathIsEncrypted AssertPathIsMountPoint "
    "AssertPathIsReadWrite AssertPathIsSocket AssertPathIsSymbolicLink AssertSecurity AssertUser "
    "AssertVersion AssertVirtualization Before BindTo BindsTo CollectMode ConditionACPower "
    "ConditionArchitecture ConditionCPUFeature ConditionCPUPressure ConditionCPUs "
    "ConditionCapability ConditionControlGroupController ConditionCredential "
    "ConditionDirectoryNotEmpty ConditionEnvironment ConditionFileIsExecutable "
    "ConditionFileNotEmpty ConditionFirmware ConditionFirstBoot ConditionFraction ConditionGroup "
    "ConditionHost ConditionIOPressure ConditionKernelCommandLine ConditionKernelModuleLoaded "
    "ConditionKernelVersion ConditionMachineTag ConditionMemory ConditionMemoryPressure "
    "ConditionNeedsUpdate ConditionOSRelease ConditionPathExists ConditionPathExistsGlob "
    "ConditionPathIsDirectory ConditionPathIsEncrypted ConditionPathIsMountPoint "
    "ConditionPathIsReadWrite ConditionPathIsSocket ConditionPathIsSymbolicLink ConditionSecurity "
    "ConditionUser ConditionVersion ConditionVirtualization Conflicts DefaultDependencies "
    "Description Documentation FailureAction FailureActionExitStatus IgnoreOnIsolate "
    "JobRunningTimeoutSec JobTimeoutAction JobTimeoutRebootArgument JobTimeoutSec "
    "JoinsNamespaceOf OnFailure OnFailureIsolate OnFailureJobMode OnSuccess OnSuccessJobMode "
    "PartOf PropagateReloadFrom PropagateReloadTo PropagatesReloadTo PropagatesStopTo "
    "RebootArgument RefuseManualStart RefuseManualStop ReloadPropagatedFrom Requires "
    "RequiresMountsFor RequiresOverridable Requisite RequisiteOverridable SourcePath "
    "StartLimitAction StartLimitBurst StartLimitInterval StartLimitIntervalSec StopPropagatedFrom "
    "StopWhenUnneeded SuccessAction SuccessActionExitStatus SurviveFinalKillSignal Upholds Wants "
    "WantsMountsFor";
constexpr const char* kServiceAndSocket =
    "AllowedCPUs AllowedMemoryNodes AmbientCapabilities AppArmorProfile BPFDelegateAttachments "
    "BPFDelegateCommands BPFDelegateMaps BPFDelegatePrograms BPFProgram BindLogSockets "
    "BindNetworkInterface BindPaths BindReadOnlyPaths BlockIOAccounting BlockIODeviceWeight "
    "BlockIOReadBandwidth BlockIOWeight BlockIOWriteBandwidth CPUAccounting CPUAffinity "
    "CPUPressureThresholdSec CPUPressureWatch CPUQuota CPUQuotaPeriodSec CPUSchedulingPolicy "
    "CPUSchedulingPriority CPUSchedulingResetOnFork CPUSetPartition CPUShares CPUWeight "
    "CacheDirectory CacheDirectoryAccounting CacheDirectoryMode CacheDirectoryQuota "
    "CapabilityBoundingSet ConfigurationDirectory ConfigurationDirectoryMode CoredumpFilter "
    "CoredumpReceive DefaultMemoryLow DefaultMemoryMin DefaultStartupMemoryLow Delegate "
    "DelegateNamespaces DelegateSubgroup DeviceAllow DevicePolicy DisableControllers DynamicUser "
    "Environment EnvironmentFile ExecPaths ExecSearchPath ExecStartPost ExecStartPre ExecStopPost "
    "ExtensionDirectories ExtensionImagePolicy ExtensionImages FinalKillSignal Group IOAccounting "
    "IODeviceLatencyTargetSec IODeviceWeight IOPressureThresholdSec IOPressureWatch "
    "IOReadBandwidthMax IOReadIOPSMax IOSchedulingClass IOSchedulingPriority IOWeight "
    "IOWriteBandwidthMax IOWriteIOPSMax IPAccounting IPAddressAllow IPAddressDeny "
    "IPCNamespacePath IPEgressFilterPath IPIngressFilterPath IgnoreSIGPIPE ImportCredential "
    "InaccessibleDirectories InaccessiblePaths KeyringMode KillMode KillSignal LimitAS LimitCORE "
    "LimitCPU LimitDATA LimitFSIZE LimitLOCKS LimitMEMLOCK LimitMSGQUEUE LimitNICE LimitNOFILE "
    "LimitNPROC LimitRSS LimitRTPRIO LimitRTTIME LimitSIGPENDING LimitSTACK LoadCredential "
    "LoadCredentialEncrypted LockPersonality LogExtraFields LogFilterPatterns LogLevelMax "
    "LogNamespace LogRateLimitBurst LogRateLimitIntervalSec LogsDirectory LogsDirectoryAccounting "
    "LogsDirectoryMode LogsDirectoryQuota ManagedOOMMemoryPressure "
    "ManagedOOMMemoryPressureDurationSec ManagedOOMMemoryPressureLimit ManagedOOMPreference "
    "ManagedOOMSwap MemoryAccounting MemoryDenyWriteExecute MemoryHigh MemoryKSM MemoryLimit "
    "MemoryLow MemoryMax MemoryMin MemoryPressureThresholdSec MemoryPressureWatch MemorySwapMax "
    "MemoryTHP MemoryZSwapMax MemoryZSwapWriteback MountAPIVFS MountFlags MountImagePolicy "
    "MountImages NFTSet NUMAMask NUMAPolicy NetworkNamespacePath Nice NoExecPaths NoNewPrivileges "
    "OOMRules OOMScoreAdjust PAMName PassEnvironment Personality PrivateBPF PrivateDevices "
    "PrivateIPC PrivateMounts PrivateNetwork PrivatePIDs PrivateTmp PrivateUsers ProcSubset "
    "ProtectClock ProtectControlGroups ProtectHome ProtectHostname ProtectKernelLogs "
    "ProtectKernelModules ProtectKernelTunables ProtectProc ProtectSystem ReadOnlyDirectories "
    "ReadOnlyPaths ReadWriteDirectories ReadWritePaths RemoveIPC RestartKillSignal "
    "RestrictAddressFamilies RestrictFileSystems RestrictNamespaces RestrictNetworkInterfaces "
    "RestrictRealtime RestrictSUIDSGID RootDirectory RootEphemeral RootHash RootHashSignature "
    "RootImage RootImageOptions RootImagePolicy RootMStack RootVerity RuntimeDirectory "
    "RuntimeDirectoryMode RuntimeDirectoryPreserve SELinuxContext SecureBits SendSIGHUP "
    "SendSIGKILL SetCredential SetCredentialEncrypted SetLoginEnvironment Slice SmackProcessLabel "
    "SocketBindAllow SocketBindDeny StandardError StandardInput StandardInputData "
    "StandardInputText StandardOutput StartupAllowedCPUs StartupAllowedMemoryNodes "
    "StartupBlockIOWeight StartupCPUShares StartupCPUWeight StartupIOWeight StartupMemoryHigh "
    "StartupMemoryLow StartupMemoryMax StartupMemorySwapMax StartupMemoryZSwapMax StateDirectory "
    "StateDirectoryAccounting StateDirectoryMode StateDirectoryQuota SupplementaryGroups "
    "SyslogFacility SyslogIdentifier SyslogLevel SyslogLevelPrefix SystemCallArchitectures "
    "SystemCallErrorNumber SystemCallFilter SystemCallLog TTYColumns TTYPath TTYReset TTYRows "
    "TTYVHangup TTYVTDisallocate TasksAccounting TasksMax TemporaryFileSystem TimeoutCleanSec "
    "TimeoutSec TimerSlackNSec UMask UnsetEnvironment User UserNamespacePath UtmpIdentifier "
    "UtmpMode WatchdogSignal WorkingDirectory";
constexpr const char* kService =
    "BusName ExecCondition ExecReload ExecReloadPost ExecStart ExecStop ExitType FailureAction "
    "FileDescriptorStoreMax FileDescriptorStorePreserve GuessMainPID LUOSession NonBlocking "
    "NotifyAccess OOMPolicy OpenFile PIDFile PermissionsStartOnly RebootArgument RefreshOnReload "
    "ReloadSignal RemainAfterExit Restart RestartForceExitStatus RestartMaxDelaySec RestartMode "
    "RestartPreventExitStatus RestartRandomizedDelaySec RestartSec RestartSteps "
    "RootDirectoryStartOnly RuntimeMaxSec RuntimeRandomizedExtraSec Sockets StartLimitAction "
    "StartLimitBurst StartLimitInterval SuccessExitStatus TimeoutAbortSec TimeoutStartFailureMode "
    "TimeoutStartSec TimeoutStopFailureMode TimeoutStopSec Type USBFunctionDescriptors "
    "USBFunctionStrings WatchdogSec";
constexpr const char* kSocket =
    "Accept AcceptFileDescriptors Backlog BindIPv6Only BindToDevice Broadcast DeferAcceptSec "
    "DeferTrigger DeferTriggerMaxSec DirectoryMode ExecStopPre FileDescriptorName FlushPending "
    "FreeBind IPTOS IPTTL KeepAlive KeepAliveIntervalSec KeepAliveProbes KeepAliveTimeSec "
    "ListenDatagram ListenFIFO ListenMessageQueue ListenNetlink ListenSequentialPacket "
    "ListenSpecial ListenStream ListenUSBFunction Mark MaxConnections MaxConnectionsPerSource "
    "MessageQueueMaxMessages MessageQueueMessageSize NoDelay PassCredentials "
    "PassFileDescriptorsToExec PassPIDFD PassPacketInfo PassSecurity PipeSize PollLimitBurst "
    "PollLimitIntervalSec Priority ReceiveBuffer RemoveOnStop ReusePort SELinuxContextFromNet "
    "SendBuffer Service SmackLabel SmackLabelIPIn SmackLabelIPOut SocketGroup SocketMode "
    "SocketProtocol SocketUser Symlinks TCPCongestion Timestamping Transparent TriggerLimitBurst "
    "TriggerLimitIntervalSec Writable XAttrAccept XAttrEntryPoint XAttrListen";
constexpr const char* kTimer =
    "AccuracySec DeferReactivation FixedRandomDelay OnActiveSec OnBootSec OnCalendar "
    "OnClockChange OnStartupSec OnTimezoneChange OnUnitActiveSec OnUnitInactiveSec Persistent "
    "RandomizedDelaySec RandomizedOffsetSec RemainAfterElapse Unit WakeSystem";
constexpr const char* kInstall = "Alias Also DefaultInstance RequiredBy UpheldBy WantedBy";

std::vector<std::string> OptionsOf(const std::string& section) {
  std::string text = section == "Unit"      ? kUnit
                     : section == "Install" ? kInstall
                     : section == "Timer"   ? kTimer
                                            : kServiceAndSocket;
  if (section == "Service" || section == "Socket") {
    text += std::string(" ") + (section == "Service" ? kService : kSocket);
  }
  std::istringstream words(text);
  std::vector<std::string> out;
  for (std::string word; words >> word;) {
    out.push_back(std::move(word));
  }
  return out;
}

}  // namespace

std::string UnknownOptionProblem(const std::string& section, const std::string& option) {
  const std::vector<std::string> known = OptionsOf(section);
  if (std::find(known.begin(), known.end(), option) != known.end()) {
    return "";
  }
  const std::string nearest = base::NearestOf(option, known);
  return fmt::format("systemd (up to 262) has no such option in [{}]{}", section,
                     nearest.empty() ? "" : "; the nearest is " + nearest);
}

}  // namespace images
