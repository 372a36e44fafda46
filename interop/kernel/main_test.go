// Package kernel_test holds Culvert against the ESP of the Linux kernel, in a virtual machine that has one (package vm).
package kernel_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"culvert/interop/lab"
	"culvert/interop/vm"
)

func TestMain(m *testing.M) { vm.Main(m, image) }

// Where the guest has what is built for it.
const (
	culvertPath  = "/usr/bin/culvert"
	xfrmTestPath = "/usr/bin/xfrm.test"
)

// build compiles the daemon, and the tests of package dataplane/xfrm.
func build() (culvert, xfrmTest string, err error) {
	if culvert, err = lab.BuildBinary(); err != nil {
		return culvert, "", err
	}
	xfrmTest = filepath.Join(filepath.Dir(culvert), "xfrm.test")
	cmd := exec.Command("go", "test", "-c", "-o", xfrmTest, "culvert/dataplane/xfrm")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", "", fmt.Errorf("%w: %s", err, out)
	}
	return culvert, xfrmTest, nil
}

// image is what the scenes need: our daemon, charon and others that drive the kernel, and the tools of a lab.
func image() (vm.Image, error) {
	culvert, xfrmTest, err := build()
	if err != nil {
		return vm.Image{}, err
	}
	programs := append([]string{"/lib/x86_64-linux-gnu/libgcc_s.so.1"}, tools...) // pthread_cancel loads it
	for _, plugin := range strings.Fields(lab.KernelCharonPlugins) {
		programs = append(programs, filepath.Join("/usr/lib/ipsec/plugins", "libstrongswan-"+plugin+".so"))
	}
	content := vm.Image{
		Programs: programs,
		Files:    map[string]string{culvertPath: culvert, xfrmTestPath: xfrmTest},
		Modules:  modules,
		Env:      []string{"CULVERT_BINARY=" + culvertPath, "CULVERT_KERNEL=1"},
	}
	others(&content)
	return content, nil
}

var tools = []string{
	"/usr/sbin/charon-systemd", "/usr/sbin/swanctl", "/usr/sbin/ip", "/usr/sbin/sysctl", "/usr/sbin/nft",
	"/usr/bin/ping", "/usr/bin/cat", "/usr/bin/env",
}

// modules are the kernel's ESP, all algorithms that we share with it, and what builds networks.
var modules = []string{
	"esp4", "esp6", "xfrm_user", "xfrm_interface",
	"gcm", "ccm", "ctr", "seqiv", "echainiv", "drbg", "authenc", "authencesn", "crypto_null", "sha512_generic", "xcbc", "cmac",
	"ghash_generic", "chacha20poly1305", "chacha_generic", "poly1305_generic", "aesni_intel",
	"tun", "veth", "dummy", "nf_tables", "nft_chain_nat", "nft_masq", "nft_nat", "nft_ct", "nft_fib_inet", "nft_xfrm", "nft_log", "nfnetlink_log",
}
