package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"culvert/explain"
	"culvert/internal/golden"
)

const dir = "/etc/culvert/"

// noon is the time at which test configurations are read.
func noon() time.Time { return time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC) }

// source makes a source of files below /etc/culvert. All of them are readable by their owner only.
func source(files map[string]string) Source {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[rooted(dir+name)] = &fstest.MapFile{Data: []byte(text), Mode: 0o600}
	}
	return Source{Files: fsys, Now: noon()}
}

// load reads one text as HCL.
func load(text string) (*Config, Diagnostics) {
	return source(map[string]string{"culvert.hcl": text}).Load(dir + "culvert.hcl")
}

// mustLoad reads a text that has no mistake.
func mustLoad(t testing.TB, text string) *Config {
	t.Helper()
	c, found := load(text)
	if found.Errors() {
		t.Fatal(found)
	}
	return c
}

// codes lists the codes of diagnostics with their lines: "CONFIG-UNKNOWN-KEY:3".
func has(found Diagnostics, code explain.Code, line int) bool {
	for _, d := range found {
		if d.Code == code && (line == 0 || d.Line == line) {
			return true
		}
	}
	return false
}

const office = `connection "office" {
  remote { address = "vpn.example.net" }
  child "net" {
    local  = ["10.1.0.0/16"]
    remote = ["10.2.0.0/16"]
    start  = "start"
  }
}
`

const officeSecret = "secret \"office\" { psk = \"0x9b1c6f2d8e3a4750c1b2a3948576f0e1d2c3b4a5968778695a4b3c2d1e0f1029\" }\n"

func TestTenLinesAreEnough(t *testing.T) {
	c, found := load(office + officeSecret)
	if len(found) != 0 {
		t.Fatal(found)
	}
	if len(c.Connections) != 1 || len(c.Secrets) != 1 || !c.Connections[0].KeepUp || c.Connections[0].Tries != 0 {
		t.Errorf("got %+v", c)
	}
}

// Each folder of testdata is a configuration; what culvert check says of it stands beside it.
func TestWhatIsSaidOfConfigurations(t *testing.T) {
	names, err := filepath.Glob("testdata/*/culvert.*")
	if err != nil || len(names) == 0 {
		t.Fatalf("no configurations, error %v", err)
	}
	for _, name := range names {
		folder := filepath.Dir(name)
		t.Run(filepath.Base(folder), func(t *testing.T) {
			_, found := source(readAll(t, folder)).Load(dir + filepath.Base(name))
			golden.File(t, filepath.Join(folder, "check.txt"), found.String()+"\n")
		})
	}
}

// readAll returns the files below a folder by their relative paths.
func readAll(t testing.TB, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, folder+"/")] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestFirstFileThatIsMissingIsSaid(t *testing.T) {
	_, found := source(nil).Load("/nowhere/culvert.hcl")
	if !has(found, explain.ConfigFile, 0) || !strings.Contains(found.String(), "there is no file /nowhere/culvert.hcl") {
		t.Error(found)
	}
}

func TestIncludedFilesAreReadOnceInOrder(t *testing.T) {
	s := source(map[string]string{
		"culvert.hcl":      "include = [\"conf.d/*.hcl\", \"nothing/*.hcl\", \"/etc/culvert/last.json\"]\n",
		"conf.d/b.hcl":     "pool \"b\" { addresses = \"10.2.0.0/24\" }\n",
		"conf.d/a.hcl":     "include = \"sub/c.hcl\"\npool \"a\" { addresses = \"10.1.0.0/24\" }\n",
		"conf.d/sub/c.hcl": "pool \"c\" { addresses = \"10.3.0.0/24\" }\n",
		"conf.d/notes":     "not read",
		"last.json":        `{"pool": {"d": {"addresses": ["10.4.0.0/24"]}}}`,
	})
	c, found := s.Load(dir + "culvert.hcl")
	if found.Errors() {
		t.Fatal(found)
	}
	if got := strings.Join(labels(c.Pools), " "); got != "a c b d" {
		t.Errorf("pools are %q", got)
	}
	want := "culvert.hcl conf.d/a.hcl conf.d/sub/c.hcl conf.d/b.hcl last.json"
	if got := strings.ReplaceAll(strings.Join(c.Paths, " "), dir, ""); got != want {
		t.Errorf("read %q, want %q", got, want)
	}
}

func TestIncludesThatCannotBeFollowed(t *testing.T) {
	deep := map[string]string{}
	for i := range 12 {
		deep["culvert.hcl"] = "include = \"0.hcl\"\n"
		deep[string(rune('0'+i))+".hcl"] = "include = \"" + string(rune('1'+i)) + ".hcl\"\n"
	}
	tests := []struct {
		name  string
		files map[string]string
		code  explain.Code
		says  string
	}{
		{"itself", map[string]string{"culvert.hcl": "include = \"culvert.hcl\"\n"}, explain.ConfigInclude, "is included twice"},
		{"twice", map[string]string{"culvert.hcl": "include = [\"a.hcl\", \"*.hcl\"]\n", "a.hcl": ""}, explain.ConfigInclude, "is included twice"},
		{"too deep", deep, explain.ConfigInclude, "8 levels"},
		{"missing", map[string]string{"culvert.hcl": "include = \"a.hcl\"\n"}, explain.ConfigFile, "there is no file /etc/culvert/a.hcl"},
		{"bad pattern", map[string]string{"culvert.hcl": "include = \"[a\"\n"}, explain.ConfigBadValue, "a bracket is not closed"},
		{"too large", map[string]string{"culvert.hcl": "include = \"a.hcl\"\n", "a.hcl": strings.Repeat("#", 1<<20+1)}, explain.ConfigFile, "larger than 1 MiB"},
		{"a folder", map[string]string{"culvert.hcl": "include = \"d\"\n", "d/x": ""}, explain.ConfigFile, "not a regular file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, found := source(tt.files).Load(dir + "culvert.hcl")
			if !has(found, tt.code, 0) || !strings.Contains(found.String(), tt.says) {
				t.Error(found)
			}
		})
	}
}

// Whoever opens a pipe for reading waits for a writer.
func TestPipesAreNotOpened(t *testing.T) {
	s := source(map[string]string{"culvert.hcl": "secret \"a\" { psk = file(\"pipe\") }\n"})
	s.Files.(fstest.MapFS)["etc/culvert/pipe"] = &fstest.MapFile{Mode: fs.ModeNamedPipe | 0o600}
	_, found := s.Load(dir + "culvert.hcl")
	if !strings.Contains(found.String(), "pipe: not a regular file") {
		t.Error(found)
	}
}

func TestNumberOfDiagnosticsIsBounded(t *testing.T) {
	_, found := load(strings.Repeat("nonsense {\n}\n", 5000))
	if len(found) != 1000 {
		t.Errorf("got %d", len(found))
	}
}

func TestTheStateDirectoryOfSystemdCountsUnlessOneIsNamed(t *testing.T) {
	for _, tt := range []struct{ variable, text, want string }{
		{"", "", "/var/lib/culvert"},
		{"/var/lib/second", "", "/var/lib/second"},
		{"/var/lib/second:/var/lib/third", "daemon {\n}\n", "/var/lib/second"},
		{"here", "", "/var/lib/culvert"},
		{"/var/lib/second", "daemon {\n  state_dir = \"/srv/culvert\"\n}\n", "/srv/culvert"},
	} {
		t.Setenv("STATE_DIRECTORY", tt.variable)
		s := System(time.Time{})
		s.Files = fstest.MapFS{"c.hcl": {Data: []byte(tt.text), Mode: 0o600}}
		c, found := s.Load("/c.hcl")
		if found.Errors() || c.Daemon.StateDir != tt.want {
			t.Errorf("%q, %q: got %v, %v", tt.variable, tt.text, c, found)
		}
	}
}
