{ mkShell, callPackage, gtest, gbenchmark, ccache, clang-tools }:
let package = callPackage ./package.nix { };
in mkShell {
  inputsFrom = [ package ];
  packages = [ gtest gbenchmark ccache clang-tools ];
  shellHook = ''
    echo 'cmake --preset dev -DSLIPWAY_DEPS_PREFIX=${callPackage ./deps.nix { }}'
  '';
}
