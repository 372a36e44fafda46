package api

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"culvert/config"
)

func TestRolesOfThisHost(t *testing.T) {
	a, err := newAccess(&config.API{Roles: []*config.Role{
		{Name: "read", Users: []string{"2001", "2002"}, Groups: []string{"3001"}},
		{Name: "administer", Groups: []string{"3002"}},
		{Name: "operate", Users: []string{"2002"}},
	}}, "3003")
	if err != nil || !a.everybody() {
		t.Fatalf("%v, everybody %v", err, a.everybody())
	}
	for _, tt := range []struct {
		name string
		peer peer
		want Role
	}{
		{"root", peer{0, []uint32{0}}, Administer},
		{"whose daemon it is", peer{uint32(os.Geteuid()), nil}, Administer},
		{"listed", peer{2001, []uint32{2001}}, Read},
		{"listed twice", peer{2002, []uint32{2002}}, Operate},
		{"by primary group", peer{9, []uint32{3001, 8}}, Read},
		{"by another group", peer{9, []uint32{8, 3002}}, Administer},
		{"of the socket's group", peer{9, []uint32{3003}}, Operate},
		{"stranger", peer{9, []uint32{9}}, Nobody},
	} {
		if got := a.local(tt.peer); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestUnknownNamesAreToldAndTheOthersCount(t *testing.T) {
	a, err := newAccess(&config.API{Roles: []*config.Role{{Name: "read", Users: []string{"nobody-of-this-name", "root", "2001"}, Groups: []string{"no-such-group"}}}}, "")
	if err == nil || !strings.Contains(err.Error(), "nobody-of-this-name") || !strings.Contains(err.Error(), "no-such-group") {
		t.Errorf("got %v", err)
	}
	if a.local(peer{2001, nil}) != Read || a.local(peer{0, nil}) != Administer {
		t.Error("the others do not count")
	}
}

// served is a server on a Unix socket.
func served(t *testing.T, a *config.API) (*Server, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "cva") // short, and open to other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	l, err := Listen(socket, "")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(newQuiet(8), "test")
	if err := s.Permit(a, ""); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	if _, err := NewClient(socket).Session(ctx); err != nil { // it serves
		t.Fatal(err)
	}
	return s, socket
}

func TestOwnerOfTheSocketAdministers(t *testing.T) {
	_, socket := served(t, new(config.API))
	c := NewClient(socket)
	defer c.Close()
	got, err := c.Session(context.Background())
	if err != nil || got.Role != Administer || !strings.HasPrefix(got.Name, "uid ") || got.Page {
		t.Errorf("%v, %+v", err, got)
	}
}

func TestKernelTellsTheGroupsOfAPeer(t *testing.T) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	accepted, err := l.AcceptUnix()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	p, err := peerOf(accepted)
	groups, _ := os.Getgroups()
	if err != nil || p.uid != uint32(os.Geteuid()) || p.groups[0] != uint32(os.Getegid()) || len(p.groups) != 1+len(groups) {
		t.Errorf("%v, %+v, groups %v", err, p, groups)
	}
}

// another runs a function on a thread of another user, which takes root.
func another(t *testing.T, uid uintptr, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		none := uintptr(0xffffffff)
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, none, uid, none); errno != 0 {
			t.Errorf("setresuid: %v", errno)
			return
		}
		f()
	}()
	<-done
}

// Whoever no role lists cannot even connect; once roles list users, everybody connects and strangers are refused.
func TestOtherUsersHaveTheRolesThatTheyAreGiven(t *testing.T) {
	if os.Geteuid() != 0 {
		return // nobody else can be played
	}
	s, socket := served(t, new(config.API))
	ask := func() (role Role, err error) {
		another(t, 4711, func() {
			conn, failure := net.Dial("unix", socket)
			if err = failure; err != nil {
				return
			}
			defer conn.Close()
			_, _ = conn.Write([]byte("GET /v1/session HTTP/1.1\r\nHost: culvert\r\nConnection: close\r\n\r\n"))
			answer := make([]byte, 4096)
			n, _ := conn.Read(answer)
			for _, r := range []Role{Read, Operate, Administer} {
				if strings.Contains(string(answer[:n]), `"role":"`+r.String()+`"`) {
					role = r
				}
			}
		})
		return role, err
	}
	if _, err := ask(); err == nil {
		t.Error("a stranger has connected")
	}
	for _, tt := range []struct {
		role *config.Role
		want Role
	}{
		{&config.Role{Name: "read", Users: []string{"4711"}}, Read},
		{&config.Role{Name: "operate", Users: []string{"4711"}}, Operate},
		{&config.Role{Name: "operate", Users: []string{"4712"}}, Nobody},
	} {
		if err := s.Permit(&config.API{Roles: []*config.Role{tt.role}}, ""); err != nil {
			t.Fatal(err)
		}
		if got, err := ask(); err != nil || got != tt.want {
			t.Errorf("%+v: %v, %v", tt.role, got, err)
		}
	}
	if err := s.Permit(new(config.API), ""); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket stays open: %v, %v", info.Mode(), err)
	}
}

// Where the socket is open to all users, one who may do nothing has a few connections, and takes none from the others.
func TestStrangersHaveFewConnectionsWithTheSocket(t *testing.T) {
	if os.Geteuid() != 0 {
		return // nobody else can be played
	}
	_, socket := served(t, &config.API{Roles: []*config.Role{{Name: "read", Users: []string{"4711"}}}})
	ended := 0
	another(t, 4712, func() {
		for range mostStrangersEach + 5 {
			c, err := net.Dial("unix", socket)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			_, _ = c.Write([]byte("GET /v1/session HTTP/1.1\r\nHost: culvert\r\n\r\n")) // fails where the next line does
			if _, err := c.Read(make([]byte, 1)); err != nil {
				ended++ // without an answer, which even strangers get
			}
		}
	})
	if ended != 5 {
		t.Errorf("%d connections have ended", ended)
	}
	if _, err := NewClient(socket).Session(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestStreamEndsWhenItsReaderLosesTheRole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer(newQuiet(8), "test")
		until := time.Now().Add(40 * time.Second)
		caller := Caller{Name: "test", Role: Read, again: func() Role {
			if time.Now().Before(until) {
				return Read
			}
			return Nobody
		}}
		w, r, begun := newPaper(), asked(context.Background(), "/v1/events"), time.Now()
		s.ServeHTTP(w, r.WithContext(As(r.Context(), caller))) // does not return otherwise
		if took := time.Since(begun); took != 45*time.Second {
			t.Errorf("it ended after %v", took)
		}
	})
}

func TestEachCallerHasSoManyStreams(t *testing.T) {
	c := newCounter(3, 2)
	got := []bool{c.take("a"), c.take("a"), c.take("a"), c.take("b"), c.take("b")}
	if want := []bool{true, true, false, true, false}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	c.give("a")
	if !c.take("b") || len(c.users) != 2 {
		t.Error("what was given back is not there")
	}
}
