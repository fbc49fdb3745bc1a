# Homebrew formula for the programs. ci/distributions checks its syntax with ruby. Not tested: it has never been
# installed, on macOS or elsewhere.
#
# Source, beside the formula: git archive --prefix=pcap-examples-VERSION/ -o pcap-examples-VERSION.tar.gz HEAD
class PcapExamples < Formula
  desc "Programs that capture, read, filter and send packets with libpcap"
  url "file://#{__dir__}/pcap-examples-0.1.0.tar.gz"
  license any_of: ["MIT", "Apache-2.0"]

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
