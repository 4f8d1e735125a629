{ lib, stdenv, callPackage, cmake, ninja, openssl, zlib, glibc, nlohmann_json, spdlog, fmt, cli11, elfutils, libarchive, curl }:
let
  version = builtins.head (builtins.match ".*project\\(slipway VERSION ([0-9.]+) .*" (builtins.readFile ../../CMakeLists.txt));
in stdenv.mkDerivation {
  pname = "slipway";
  inherit version;
  src = lib.cleanSource ../..;
  nativeBuildInputs = [ cmake ninja ];
  buildInputs = [
    (openssl.override { static = true; }) zlib.static zlib glibc.static # for activate, which is static
    nlohmann_json spdlog fmt cli11 elfutils libarchive curl
  ];
  cmakeBuildType = "Release";
  cmakeFlags = [ "-DBUILD_TESTING=OFF" "-DSLIPWAY_DEPS_PREFIX=${callPackage ./deps.nix { }}" ];
  postPatch = "patchShebangs scripts";
  meta = {
    description = "Deploys applications as read-only images with systemd";
    license = lib.licenses.asl20;
    platforms = [ "x86_64-linux" ];
    mainProgram = "imgpush";
  };
}
