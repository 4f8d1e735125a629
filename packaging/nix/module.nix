# For hosts whose /etc is read-only: activate cannot install its boot unit there (activator/host/boot_unit.h), so the
# system's configuration has it.
{ config, lib, ... }:
let cfg = config.services.slipway;
in {
  options.services.slipway = {
    enable = lib.mkEnableOption "the boot unit of Slipway, which starts the current generation of applications";
    root = lib.mkOption {
      type = lib.types.str;
      default = "/var/lib/images";
      description = "The root directory, as imgpush --root has it.";
    };
  };
  config = lib.mkIf cfg.enable {
    systemd.services.slipway-boot = {
      description = "Slipway: start the current generation of applications";
      wantedBy = [ "multi-user.target" ];
      wants = [ "network-online.target" ];
      after = [ "nss-user-lookup.target" ];
      partOf = [ "slipway.target" ];
      unitConfig = {
        RequiresMountsFor = cfg.root;
        ConditionPathExists = "${cfg.root}/bin/activate"; # nothing was pushed yet
      };
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = "${cfg.root}/bin/activate --root ${cfg.root} boot";
      };
      # Another configuration of the system is no reason to start applications again.
      restartIfChanged = false;
    };
  };
}
