package vm

import (
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A moduleTree knows the modules of one kernel by name, with _ for each - as the kernel itself does.
type moduleTree map[string]string

func canonical(name string) string { return strings.ReplaceAll(name, "-", "_") }

func readModules(dir string) (moduleTree, error) {
	tree := moduleTree{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(filepath.Base(path), ".ko"); ok {
			tree[canonical(name)] = path
		}
		return err
	})
	return tree, err
}

// builtin tells whether the kernel of a tree has a module within.
func (i *installed) builtin(name string) bool {
	list, _ := os.ReadFile(filepath.Join(i.modules, "modules.builtin"))
	for line := range strings.Lines(string(list)) {
		if canonical(strings.TrimSuffix(filepath.Base(strings.TrimSpace(line)), ".ko")) == canonical(name) {
			return true
		}
	}
	return false
}

// closure returns the files of the named modules, each after what it depends on.
func (i *installed) closure(names []string) ([]string, error) {
	tree, err := readModules(i.modules)
	if err != nil {
		return nil, err
	}
	var files []string
	seen := map[string]bool{}
	var visit func(name string) error
	visit = func(name string) error {
		name = canonical(name)
		if seen[name] || i.builtin(name) {
			return nil
		}
		seen[name] = true
		path, ok := tree[name]
		if !ok {
			return fmt.Errorf("the kernel has no module %s", name)
		}
		depends, err := dependencies(path)
		if err != nil {
			return err
		}
		for _, d := range depends {
			if err := visit(d); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		files = append(files, path)
		return nil
	}
	for _, name := range names {
		if err := visit(name); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// dependencies reads what a module itself says of them: its section .modinfo has strings "key=value" that end with 0.
func dependencies(path string) ([]string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	section := f.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("%s is no kernel module", path)
	}
	info, err := section.Data()
	if err != nil {
		return nil, err
	}
	for line := range strings.SplitSeq(string(info), "\x00") {
		if list, ok := strings.CutPrefix(line, "depends="); ok && list != "" {
			return strings.Split(list, ","), nil
		}
	}
	return nil, nil
}
