package vm

import (
	"fmt"
	"os"
	"path/filepath"
)

// linuxFolder is where install-peers.sh unpacks Debian's kernel.
const linuxFolder = "/var/cache/culvert/linux"

// installed is an unpacked kernel.
type installed struct {
	image   string // the kernel itself
	modules string // the folder of its modules
}

func findKernel() (*installed, error) {
	folder := linuxFolder
	if other := os.Getenv("CULVERT_LINUX"); other != "" {
		folder = other
	}
	images, _ := filepath.Glob(filepath.Join(folder, "boot", "vmlinuz-*"))
	modules, _ := filepath.Glob(filepath.Join(folder, "lib", "modules", "*"))
	if len(images) != 1 || len(modules) != 1 {
		return nil, fmt.Errorf("%s has %d kernels and %d folders of modules, not one each: interop/install-peers.sh unpacks them there",
			folder, len(images), len(modules))
	}
	return &installed{images[0], modules[0]}, nil
}
