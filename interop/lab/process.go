package lab

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// patience is how long a lab waits for what ought to happen at once; only a hung peer ever uses it up.
const patience = time.Minute

// A Process is a daemon on a host. Its output goes to a log file of the scene.
type Process struct {
	Name string
	host *Host
	cmd  *exec.Cmd
	done chan struct{}
	log  string
}

// Start runs a command in the background; it is ended when the test ends.
func (h *Host) Start(name string, env []string, args ...string) *Process {
	h.lab.Helper()
	p := &Process{Name: name, host: h, cmd: h.command(args...), done: make(chan struct{}), log: filepath.Join(h.dir, name+".log")}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		h.lab.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Env = append(os.Environ(), env...)
	if err := p.cmd.Start(); err != nil {
		h.lab.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		_ = log.Close()
		close(p.done)
	}()
	h.lab.Cleanup(p.Stop)
	return p
}

// StartNotify is Start for daemons that speak systemd's notification protocol: it returns once they say READY=1.
func (h *Host) StartNotify(name string, env []string, args ...string) *Process {
	h.lab.Helper()
	socket := filepath.Join(h.dir, name+".notify")
	_ = os.Remove(socket)
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		h.lab.Fatal(err)
	}
	defer conn.Close()
	p := h.Start(name, append(env, "NOTIFY_SOCKET="+socket), args...)
	if err := p.awaitReady(conn); err != nil {
		h.lab.Fatalf("%s on %s: %v\n%s", name, h.Name, err, p.Log())
	}
	return p
}

func (p *Process) awaitReady(conn *net.UnixConn) error {
	ready := make(chan error, 1)
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := conn.Read(buf)
			if err != nil || strings.Contains(string(buf[:n]), "READY=1") {
				ready <- err
				return
			}
		}
	}()
	select {
	case err := <-ready:
		return err
	case <-p.done:
		return errors.New("ended before it was ready")
	case <-time.After(patience):
		return errors.New("did not become ready")
	}
}

// PID returns the id of the daemon itself: ip netns exec replaces itself with the command.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Stop ends the daemon gently, then for good.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(patience):
		p.host.lab.Errorf("%s on %s did not end when asked to", p.Name, p.host.Name)
		p.Kill()
	}
}

// Kill ends the daemon without a word to its peers.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// Log returns what the daemon has written so far.
func (p *Process) Log() string {
	text, _ := os.ReadFile(p.log)
	return string(text)
}

// Await waits until a condition holds; what names it. The condition is asked again and again, so it has to be cheap.
func (l *Lab) Await(what string, condition func() bool) {
	l.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			l.Fatalf("waited in vain for %s", what)
		case <-tick.C:
		}
	}
}
