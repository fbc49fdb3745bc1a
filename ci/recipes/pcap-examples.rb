# Homebrew formula for the programs. Parsed by ci/distributions with ruby; not installed on macOS.
#
# Source: git archive --prefix=pcap-examples-VERSION/ -o pcap-examples-VERSION.tar.gz HEAD
class PcapExamples < Formula
  desc "Programs that capture, read, filter and send packets with libpcap"
  license any_of: ["MIT", "Apache-2.0"]
  head "file://#{Dir.pwd}", using: :git, branch: "main"

  depends_on "llvm" => :build
  depends_on "pkgconf" => :build
  depends_on "rust" => :build
  depends_on "libpcap"

  def install
    ENV["LIBCLANG_PATH"] = Formula["llvm"].opt_lib.to_s
    system "ci/install-programs", "--prefix", prefix
  end

  test do
    assert_match "ldh", shell_output("#{bin}/pcap-bpf -y EN10MB ip")
  end
end
