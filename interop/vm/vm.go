// Package vm runs the tests of a package on a kernel of their own: Debian's, in a virtual machine that qemu emulates.
//
// A package hands its TestMain over:
//
//	func TestMain(m *testing.M) { vm.Main(m, image) }
//
// On the host, Main packs the test binary, the image's programs with their libraries, and its kernel modules into an initial
// file system, boots it, and shows what the tests print as if they ran here. In the guest the same binary is the first
// process, loads the modules, and starts itself again as a test. Options of `go test` (-run, -v, -json, -count) work as always.
//
// The kernel lies in /var/cache/culvert/linux, or in the folder that CULVERT_LINUX names: boot/vmlinuz-* and lib/modules/*, as
// unpacked from Debian's package. interop/install-peers.sh puts it there.
package vm

import (
	"fmt"
	"os"
	"testing"
)

// An Image says what the guest has beside the test binary.
type Image struct {
	Programs []string          // absolute paths of programs and plugins; their shared libraries come with them
	Files    map[string]string // path in the guest -> path on the host, with the shared libraries if it has any
	Modules  []string          // kernel modules in the order to load them; their dependencies come before them
	Env      []string          // the environment of the tests beside PATH
}

// Main ends the process with the outcome of the package's tests. The image is asked for on the host alone.
func Main(m *testing.M, image func() (Image, error)) {
	os.Exit(run(m, image))
}

func run(m *testing.M, image func() (Image, error)) int {
	if os.Getpid() == 1 {
		return guest()
	}
	if os.Getenv(insideVariable) != "" {
		return m.Run()
	}
	options := readOptions(os.Args[1:])
	switch {
	case options.list:
		return m.Run()
	case options.short:
		fmt.Println("no tests in a virtual machine in short mode")
		return 0
	}
	code, err := host(options, image)
	if err != nil {
		fmt.Println("FAIL:", err)
		return 1
	}
	return code
}
