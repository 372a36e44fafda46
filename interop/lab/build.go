package lab

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

const (
	// binaryVariable names a culvert binary that is already built, where there is no Go to build one.
	binaryVariable = "CULVERT_BINARY"
	// raceVariable has the binary built with the race detector when it is 1.
	raceVariable = "CULVERT_RACE"
)

// binary builds cmd/culvert once per test process.
var binary = sync.OnceValues(func() (string, error) {
	if bin := os.Getenv(binaryVariable); bin != "" {
		return bin, nil
	}
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", err
	}
	dir := string(root[:len(root)-1])
	bin := filepath.Join(dir, "bin", "culvert-interop")
	args := []string{"build"}
	if os.Getenv(raceVariable) == "1" {
		bin += "-race"
		args = append(args, "-race")
	}
	free, err := alone(bin + ".lock")
	if err != nil {
		return "", err
	}
	defer free()
	cmd := exec.Command("go", append(args, "-o", bin, "./cmd/culvert")...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return string(out), err
	}
	return bin, nil
})

// alone keeps the tests of other packages, which build the same file at the same time, from replacing it while it is run.
func alone(lock string) (free func(), err error) {
	if err := os.MkdirAll(filepath.Dir(lock), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(lock, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

// BuildBinary builds the culvert binary under test, once per test process.
func BuildBinary() (string, error) { return binary() }

// Binary returns the path of the culvert binary under test.
func (l *Lab) Binary() string {
	l.Helper()
	bin, err := binary()
	if err != nil {
		l.Fatalf("build culvert: %v\n%s", err, bin)
	}
	return bin
}

// Build builds another program that a scene needs, by "go build" with these arguments and C. Modules that are missing are fetched,
// which no host of a scene could.
func Build(t testing.TB, args ...string) {
	t.Helper()
	cmd := exec.Command("go", append([]string{"build"}, args...)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %v: %v\n%s", args, err, out)
	}
}

// race returns the first report of the race detector in a log, or nothing.
func race(log string) string {
	const line = "=================="
	_, report, found := strings.Cut(log, "WARNING: DATA RACE\n")
	if !found {
		return ""
	}
	report, _, _ = strings.Cut(report, line)
	return report
}
