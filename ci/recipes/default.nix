# Nix expression for the programs. ci/distributions parses it with nix-instantiate. Not tested: it has never been
# evaluated or built.
#
# nix-build ci/recipes

{
  pkgs ? import <nixpkgs> { },
}:

pkgs.rustPlatform.buildRustPackage {
  pname = "pcap-examples";
  version = "0.1.0";
  src = ../..;
  cargoLock.lockFile = ../../Cargo.lock;

  nativeBuildInputs = [
    pkgs.pkg-config
    pkgs.rustPlatform.bindgenHook
  ];
  buildInputs = [ pkgs.libpcap ];

  # ci/install-programs builds and installs.
  dontBuild = true;
  # Most tests need network namespaces, tcpdump and tshark.
  doCheck = false;
  installPhase = ''
    runHook preInstall
    sh ci/install-programs --prefix $out -- --offline
    runHook postInstall
  '';

  meta = {
    description = "Programs that capture, read, filter and send packets with libpcap";
    # As an SPDX expression: a list would mean both.
    license = "MIT OR Apache-2.0";
    platforms = pkgs.lib.platforms.linux ++ pkgs.lib.platforms.darwin;
    mainProgram = "pcap-read";
  };
}
