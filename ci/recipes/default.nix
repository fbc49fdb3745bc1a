# Nix expression for the programs. Parsed by ci/distributions with nix-instantiate; not built.
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
    pkgs.installShellFiles
    pkgs.pkg-config
    pkgs.rustPlatform.bindgenHook
  ];
  buildInputs = [ pkgs.libpcap ];

  buildAndTestSubdir = "pcap-examples";
  buildFeatures = [ "manual" ];
  # Most tests need network namespaces, tcpdump and tshark.
  doCheck = false;

  postInstall = ''
    mkdir -p generated
    $out/bin/manual man generated
    installManPage generated/*.1
    rm $out/bin/manual
  '';

  meta = {
    description = "Programs that capture, read, filter and send packets with libpcap";
    license = [
      pkgs.lib.licenses.mit
      pkgs.lib.licenses.asl20
    ];
    platforms = pkgs.lib.platforms.linux ++ pkgs.lib.platforms.darwin;
    mainProgram = "pcap-read";
  };
}
