package lease

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

func TestLeasesSurviveTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "leases")
	c := Config{Name: "clients", Ranges: []Range{span("10.0.0.1", "10.0.0.9")}}
	var had netip.Addr
	for i := range 2 {
		f, err := OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c.Store = f
		p := newPool(t, c)
		if i == 1 {
			acquire(t, p, "dave")
		}
		got := acquire(t, p, "carol")
		if i == 1 && got != had {
			t.Errorf("got %v, had %v", got, had)
		}
		had = got
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// fullDisk is a store that cannot be written.
type fullDisk struct{}

var errFull = errors.New("no space left on device")

func (fullDisk) Load(string) ([]Lease, error) { return nil, nil }
func (fullDisk) Save(string, Lease) error     { return errFull }

func (fullDisk) Forget(string, netip.Addr) error { return errFull }

func TestFullDiskDoesNotStopThePool(t *testing.T) {
	p := newPool(t, Config{Ranges: []Range{span("10.0.0.1", "10.0.0.9")}, Store: fullDisk{}})
	acquire(t, p, "carol")
	if !errors.Is(p.Trouble(), errFull) {
		t.Errorf("trouble is %v", p.Trouble())
	}
	if l := p.Leases(); len(l) != 1 || !l[0].Online {
		t.Errorf("leases %v", l)
	}
}

func openFile(t *testing.T, path string) *File {
	t.Helper()
	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestOrderSurvivesTheProcess(t *testing.T) {
	f := openFile(t, filepath.Join(t.TempDir(), "leases"))
	c := Config{Name: "clients", Ranges: []Range{span("10.0.0.1", "10.0.0.2")}, Store: f}
	p := newPool(t, c)
	a, b := acquire(t, p, "a"), acquire(t, p, "b")
	p.Release(start().Add(time.Hour), "b", b)
	p.Release(start().Add(2*time.Hour), "a", a)
	after := newPool(t, c)
	if online, offline := after.Counts(); online != 0 || offline != 2 {
		t.Errorf("%d online, %d offline", online, offline)
	}
	if got := acquire(t, after, "c"); got != b {
		t.Errorf("got %v, %v was offline longer", got, b)
	}
}

func TestPoolsOfOneFileAreApart(t *testing.T) {
	f := openFile(t, filepath.Join(t.TempDir(), "leases"))
	ranges := []Range{span("10.0.0.1", "10.0.0.9")}
	acquire(t, newPool(t, Config{Name: "one", Ranges: ranges, Store: f}), "carol")
	if l := newPool(t, Config{Name: "two", Ranges: ranges, Store: f}).Leases(); len(l) != 0 {
		t.Errorf("leases %v", l)
	}
}

// TestStoredLeasesThatDoNotFit: pools shrink, addresses become static or excluded while the process is away.
func TestStoredLeasesThatDoNotFit(t *testing.T) {
	f := openFile(t, filepath.Join(t.TempDir(), "leases"))
	c := Config{Name: "clients", Ranges: []Range{span("10.0.0.1", "10.0.0.9")}, Store: f}
	p := newPool(t, c)
	for _, identity := range []string{"a", "b", "c", "d"} {
		acquire(t, p, identity)
	}
	c.Ranges, c.Exclude = []Range{span("10.0.0.1", "10.0.0.3")}, []Range{span("10.0.0.2", "10.0.0.2")}
	c.Static = map[string]netip.Addr{"z": ip("10.0.0.1")}
	if l := newPool(t, c).Leases(); len(l) != 1 || l[0].Identity != "c" || l[0].Online {
		t.Errorf("leases %v", l)
	}
	c.Exclude, c.Static, c.MaxLeases = nil, nil, 2
	if l := newPool(t, c).Leases(); len(l) != 2 {
		t.Errorf("leases %v", l)
	}
}

// TestDamagedLease: one lease that cannot be read does not take the others along, nor the pool.
func TestDamagedLease(t *testing.T) {
	f := openFile(t, filepath.Join(t.TempDir(), "leases"))
	c := Config{Name: "clients", Ranges: []Range{span("10.0.0.1", "10.0.0.9")}, Store: f}
	had := acquire(t, newPool(t, c), "carol")
	err := f.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("clients")).Put([]byte{1}, []byte("{")) })
	if err != nil {
		t.Fatal(err)
	}
	p := newPool(t, c)
	if p.Trouble() == nil {
		t.Error("nobody is told")
	}
	if got := acquire(t, p, "carol"); got != had || p.Trouble() != nil {
		t.Errorf("got %v, had %v; trouble %v", got, had, p.Trouble())
	}
}

func TestOpenFileRefuses(t *testing.T) {
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk")
	if err := os.WriteFile(junk, []byte("this is no database, but long enough to be looked at as one"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{junk, dir, filepath.Join(dir, "none", "leases")} {
		if f, err := OpenFile(path); err == nil {
			f.Close()
			t.Errorf("%s was opened", path)
		}
	}
	f := openFile(t, filepath.Join(dir, "leases"))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Save("clients", Lease{Addr: ip("10.0.0.1")}); err == nil {
		t.Error("a closed file was written")
	}
}
