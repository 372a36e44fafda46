package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"culvert/config"
)

// backend is the data plane that the configuration asks for.
func (e *examination) backend() config.Backend {
	if e.Config == nil {
		return config.BackendAuto
	}
	return e.Config.Daemon.Dataplane.Backend
}

func checkKernelESP(_ context.Context, e *examination) {
	const inUser = "; ESP in user space works all the same"
	switch err := e.Host.KernelESP(); {
	case err == nil:
		e.ok("the kernel has ESP")
		e.exempted()
	case errors.Is(err, os.ErrPermission):
		e.unknown(asRoot, "whether the kernel has ESP cannot be told: %v", err)
	case e.backend() == config.BackendKernel:
		e.fail("load the modules esp4 and esp6 (`modprobe esp4`), remove what keeps them out, or set daemon.dataplane.backend to \"user\"", "%v", err)
	default:
		e.ok("%v%s", err, inUser)
	}
}

// exempted looks for interfaces on which the kernel does not transform packets.
func (e *examination) exempted() {
	if e.backend() == config.BackendUser {
		return
	}
	for _, option := range []string{"disable_xfrm", "disable_policy"} {
		names, _ := fs.Glob(e.Host.Files(), "proc/sys/net/ipv4/conf/*/"+option)
		for _, name := range names {
			link := path.Base(path.Dir(name))
			if n, ok := e.number(name); ok && n != 0 && link != "lo" && link != "default" {
				e.warn("`sysctl -w net.ipv4.conf."+link+"."+option+"=0`", "ESP of the kernel is switched off on %s: %s is %d", link, option, n)
			}
		}
	}
}

func checkTUN(_ context.Context, e *examination) {
	if e.backend() == config.BackendKernel || e.backend() == config.BackendFake {
		e.ok("no TUN device is needed with the data plane %q", e.backend())
		return
	}
	switch err := openDevice(e.Host.Files(), tunDevice); {
	case err == nil:
		e.ok("/%s is there", tunDevice)
	case errors.Is(err, fs.ErrNotExist):
		e.lacksTUN("there is no /%s", "load the module: `modprobe tun`; in a container, pass the device: `--device /dev/net/tun`")
	case errors.Is(err, syscall.ENODEV):
		e.lacksTUN("/%s is there, but the kernel has no module behind it", "load the module: `modprobe tun`, of the kernel that runs; after an upgrade, reboot")
	case errors.Is(err, syscall.EPERM):
		e.lacksTUN("/%s is there, but this container may not use it", "allow the device: `--device /dev/net/tun`, or DeviceAllow=/dev/net/tun in the unit")
	default:
		e.unknown(asRoot, "/%s cannot be looked at: %v", tunDevice, err)
	}
}

const tunDevice = "dev/net/tun"

// openDevice opens a device and closes it again, which makes no interface.
func openDevice(files fs.FS, name string) error {
	f, err := files.Open(name)
	if err != nil {
		return err
	}
	return f.Close()
}

// lacksTUN tells that there is no device, which is bad unless the kernel carries the packets.
func (e *examination) lacksTUN(text, action string) {
	text = fmt.Sprintf(text, tunDevice)
	if strings.Contains(e.read("proc/1/cgroup"), "lxc") {
		action = "allow the device in the container's configuration: lxc.cgroup2.devices.allow = c 10:200 rwm, with an entry that mounts /dev/net/tun"
	}
	switch {
	case e.kernelCarries():
		e.ok("%s, and none is needed: the kernel carries the packets", text)
	case e.Status == nil && e.backend() == config.BackendAuto && e.Host.KernelESP() == nil:
		e.warn(action, "%s; the daemon takes the kernel's ESP unless connections want what the kernel lacks", text)
	default:
		e.fail(action+"; or use the kernel's ESP", "%s, which ESP in user space needs", text)
	}
}
