# `nix build` makes the programs, `nix develop` a shell to work on them; hosts import nixosModules.default.
{
  description = "Deploys applications as read-only images with systemd";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs = { self, nixpkgs }:
    let
      each = f: nixpkgs.lib.genAttrs [ "x86_64-linux" ] (system: f nixpkgs.legacyPackages.${system});
    in {
      packages = each (pkgs: { default = pkgs.callPackage ./packaging/nix/package.nix { }; });
      devShells = each (pkgs: { default = pkgs.callPackage ./packaging/nix/shell.nix { }; });
      overlays.default = final: prev: { slipway = final.callPackage ./packaging/nix/package.nix { }; };
      nixosModules.default = import ./packaging/nix/module.nix;
    };
}
