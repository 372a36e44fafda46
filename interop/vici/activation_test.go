package vici_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"culvert/interop/lab"
	"culvert/vici"
)

// A socket that systemd has opened, and hands over by its name, is served.
func TestSocketOfSystemdIsServed(t *testing.T) {
	bin, err := lab.BuildBinary()
	if err != nil {
		t.Fatal(err, bin)
	}
	dir, err := os.MkdirTemp("", "cva") // paths of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path, conf := filepath.Join(dir, "vici"), filepath.Join(dir, "culvert.hcl")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	text := fmt.Sprintf("daemon {\n  listen = [\"127.9.9.9\"]\n  port = 15900\n  nat_port = 15901\n  state_dir = %q\n  dataplane {\n    backend = \"fake\"\n  }\n}\nvici {\n  socket = \"systemd://vici\"\n}\n", dir)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0" "$@"`, bin, "daemon", "--config", conf, "--socket", filepath.Join(dir, "socket"))
	cmd.Env, cmd.ExtraFiles, cmd.Stderr = append(os.Environ(), "LISTEN_FDS=1", "LISTEN_FDNAMES=vici"), []*os.File{file}, t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	}()
	client, err := vici.Dial(t.Context(), path) // waits in the queue of the socket until the daemon is there
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	stop := time.AfterFunc(30*time.Second, func() { client.Close() })
	defer stop.Stop()
	if reply, err := client.Call(t.Context(), "version", nil); err != nil || reply.Text("daemon") != "culvert" {
		t.Errorf("answered %v, %v", reply, err)
	}
}
