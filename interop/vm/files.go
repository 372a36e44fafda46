package vm

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A fileSet maps paths of the guest to those of the host.
type fileSet map[string]string

// add puts a file into the set, with the shared libraries that it asks for.
func (s fileSet) add(inside, outside string) error {
	if _, ok := s[inside]; ok {
		return nil
	}
	if _, err := os.Stat(outside); err != nil {
		return fmt.Errorf("%w: interop/install-peers.sh installs what the tests need", err)
	}
	s[inside] = outside
	libraries, err := sharedLibraries(outside)
	for _, l := range libraries {
		s[realPath(l)] = l
	}
	return err
}

var libraryLine = regexp.MustCompile(`(?:=> )?(/\S+) \(0x`)

// sharedLibraries asks the dynamic linker. What is not dynamic has none.
func sharedLibraries(path string) ([]string, error) {
	out, err := exec.Command("ldd", path).CombinedOutput()
	if err != nil {
		if strings.Contains(string(out), "not a dynamic executable") {
			return nil, nil
		}
		return nil, fmt.Errorf("ldd %s: %w: %s", path, err, out)
	}
	if i := strings.Index(string(out), "not found"); i >= 0 {
		return nil, fmt.Errorf("ldd %s: %s", path, out)
	}
	var list []string
	for _, m := range libraryLine.FindAllStringSubmatch(string(out), -1) {
		list = append(list, m[1])
	}
	return list, nil
}

// realPath resolves the links of the folder and leaves the name: programs are told by it.
func realPath(path string) string {
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return path
	}
	return filepath.Join(dir, filepath.Base(path))
}

// write appends the files to an archive, folders first.
func (s fileSet) write(a *archive) error {
	names := slices.Sorted(maps.Keys(s))
	made := map[string]bool{"/": true}
	for _, name := range names {
		a.parents(name, made)
		content, err := os.ReadFile(s[name])
		if err != nil {
			return err
		}
		a.file(strings.TrimPrefix(name, "/"), content)
	}
	return nil
}

// parents makes the folders above a name that are not there yet.
func (a *archive) parents(name string, made map[string]bool) {
	dir := filepath.Dir(name)
	if made[dir] {
		return
	}
	a.parents(dir, made)
	a.dir(strings.TrimPrefix(dir, "/"))
	made[dir] = true
}
