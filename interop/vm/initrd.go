package vm

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
)

// Paths in the guest.
const (
	selfPath    = "/init" // the test binary
	orderPath   = "/boot.json"
	modulesPath = "/modules"
)

// An order is what the host tells the guest to do.
type order struct {
	Args    []string
	Env     []string
	Dir     string
	Modules []string
}

// writeInitrd packs the first file system of a guest.
func writeInitrd(path string, k *installed, image Image, args []string) error {
	files := fileSet{}
	o, err := collect(files, k, image, args)
	if err != nil {
		return err
	}
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	a := &archive{w: w}
	a.skeleton()
	a.file(orderPath[1:], text)
	if err := files.write(a); err != nil {
		return err
	}
	if err := a.close(); err != nil {
		return err
	}
	return w.Flush()
}

// skeleton makes what every Linux expects: mount points, the folders of Debian's merged /usr, and a console.
func (a *archive) skeleton() {
	for _, dir := range []string{"dev", "proc", "sys", "run", "tmp", "etc", "root"} {
		a.dir(dir)
	}
	for name, target := range map[string]string{"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"} {
		a.symlink(name, target)
	}
	a.device("dev/console", 5, 1)
}

// collect names the files of the guest and writes its order.
func collect(files fileSet, k *installed, image Image, args []string) (order, error) {
	self, err := os.Executable()
	if err != nil {
		return order{}, err
	}
	dir, err := os.Getwd()
	if err != nil {
		return order{}, err
	}
	if err := files.add(selfPath, self); err != nil {
		return order{}, err
	}
	for _, program := range image.Programs {
		if err := files.add(realPath(program), program); err != nil {
			return order{}, err
		}
	}
	for inside, outside := range image.Files {
		if err := files.add(inside, outside); err != nil {
			return order{}, err
		}
	}
	modules, err := k.closure(image.Modules)
	if err != nil {
		return order{}, err
	}
	o := order{Args: args, Env: image.Env, Dir: dir}
	for _, m := range modules {
		inside := filepath.Join(modulesPath, filepath.Base(m))
		files[inside] = m
		o.Modules = append(o.Modules, inside)
	}
	return o, nil
}
