package vm

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOptionsOfTheHostStayThere(t *testing.T) {
	o := readOptions([]string{"-test.run=^TestEcho$", "-test.v=true", "-test.testlogfile=/tmp/log", "-test.timeout=90s", "-test.paniconexit0"})
	if want := []string{"-test.run=^TestEcho$", "-test.v=true", "-test.paniconexit0"}; !slices.Equal(o.guest, want) {
		t.Errorf("guest gets %q, want %q", o.guest, want)
	}
	if o.timeout != 90*time.Second || o.short || o.list {
		t.Errorf("got %+v", o)
	}
	if o := readOptions([]string{"-test.timeout=0", "-test.short=true", "-test.list=.*"}); o.timeout != longest || !o.short || !o.list {
		t.Errorf("got %+v", o)
	}
}

// debian returns the kernel of the tests. Short tests do without.
func debian(t *testing.T) *installed {
	t.Helper()
	if testing.Short() {
		t.Skip("the kernel is not asked for in short mode")
	}
	k, err := findKernel()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestModulesComeAfterWhatTheyNeed(t *testing.T) {
	k := debian(t)
	files, err := k.closure([]string{"esp4", "aesni-intel", "esp6", "cbc"})
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) int {
		return slices.IndexFunc(files, func(f string) bool { return filepath.Base(f) == name+".ko" })
	}
	for _, pair := range [][2]string{{"xfrm_algo", "esp4"}, {"esp4", "esp6"}, {"crypto_simd", "aesni-intel"}, {"cryptd", "crypto_simd"}} {
		if at(pair[0]) < 0 || at(pair[0]) > at(pair[1]) {
			t.Errorf("%s is not before %s in %q", pair[0], pair[1], files)
		}
	}
	if at("cbc") >= 0 {
		t.Error("what is built in was taken for a module")
	}
	if _, err := k.closure([]string{"esp5"}); err == nil || !strings.Contains(err.Error(), "esp5") {
		t.Errorf("an unknown module: %v", err)
	}
}

// A kernel without a first process panics: that is told with what its console said.
func TestPanicOfTheGuestIsTold(t *testing.T) {
	k := debian(t)
	dir := t.TempDir()
	initrd := filepath.Join(dir, "initrd")
	f, err := os.Create(initrd)
	if err != nil {
		t.Fatal(err)
	}
	a := &archive{w: f}
	a.skeleton()
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	_, err = boot(longest, k.image, initrd, filepath.Join(dir, "result"))
	if err == nil || !strings.Contains(err.Error(), "Kernel panic") {
		t.Errorf("got %v", err)
	}
}

func TestGuestThatHangsIsEnded(t *testing.T) {
	k := debian(t)
	_, err := boot(100*time.Millisecond, k.image, k.image, filepath.Join(t.TempDir(), "result"))
	if err == nil || !strings.Contains(err.Error(), "not done after 100ms") {
		t.Errorf("got %v", err)
	}
}

func TestMissingKernelIsTold(t *testing.T) {
	t.Setenv("CULVERT_LINUX", t.TempDir())
	if _, err := findKernel(); err == nil || !strings.Contains(err.Error(), "install-peers.sh") {
		t.Errorf("got %v", err)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	c := &tail{most: 4}
	for _, s := range []string{"ab", "cdef", "", "g"} {
		if n, err := c.Write([]byte(s)); n != len(s) || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
	}
	if got := c.String(); got != "defg" {
		t.Errorf("got %q", got)
	}
}
