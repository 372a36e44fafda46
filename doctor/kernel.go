package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"

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
	const device = "dev/net/tun"
	switch _, err := fs.Stat(e.Host.Files(), device); {
	case err == nil:
		e.ok("/%s is there", device)
	case errors.Is(err, fs.ErrNotExist):
		action := "load the module: `modprobe tun`; in a container, pass the device: `--device /dev/net/tun`"
		if strings.Contains(e.read("proc/1/cgroup"), "lxc") {
			action = "allow the device in the container's configuration: lxc.cgroup2.devices.allow = c 10:200 rwm, with an entry that mounts /dev/net/tun"
		}
		e.fail(action+"; or use the kernel's ESP", "there is no /%s, which ESP in user space needs", device)
	default:
		e.unknown(asRoot, "/%s cannot be looked at: %v", device, err)
	}
}
