package api

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"strconv"
	"syscall"
	"time"

	"culvert/explain"
)

// Listen opens the Unix socket of the daemon. Its owner alone may use it, or the members of a group as well if one is
// named. A socket that a dead daemon has left is replaced; that of a living one is not. Closing the listener removes the
// socket.
func Listen(path, group string) (net.Listener, error) {
	if err := claim(path); err != nil {
		return nil, err
	}
	// The socket gets its place once its permissions are right: until then nobody finds it.
	hidden := fmt.Sprintf("%s.%d", path, os.Getpid())
	_ = os.Remove(hidden) // of an earlier process with our number
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: hidden, Net: "unix"})
	if err != nil {
		return nil, socketProblem(path, err)
	}
	l.SetUnlinkOnClose(false)
	err = permit(hidden, group)
	if err == nil {
		err = os.Rename(hidden, path)
	}
	if err != nil {
		l.Close()
		_ = os.Remove(hidden)
		return nil, socketProblem(path, err)
	}
	return &listener{l, path, group}, nil
}

// A listener removes its socket when it is closed.
type listener struct {
	*net.UnixListener
	path  string
	group string
}

// admit opens the socket to every user, who is looked at then, or to those alone who were named when it was made.
func (l *listener) admit(everybody bool) {
	mode := os.FileMode(0o600)
	switch {
	case everybody:
		mode = 0o666
	case l.group != "":
		mode = 0o660
	}
	_ = os.Chmod(l.path, mode) // fails only if somebody has removed it
}

func (l *listener) Close() error {
	err := l.UnixListener.Close()
	if err == nil {
		err = os.Remove(l.path)
	}
	return err
}

// claim makes sure that nobody listens on the socket and that no other file is in its place.
func claim(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return socketProblem(path, err)
	case info.Mode().Type() != os.ModeSocket:
		return socketProblem(path, errors.New("another file is in its place"))
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		conn.Close()
		return socketProblem(path, errors.New("another daemon listens on it"))
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return socketProblem(path, err)
	}
	return nil
}

// permit gives a socket its owner, group and mode.
func permit(path, group string) error {
	if group == "" {
		return os.Chmod(path, 0o600)
	}
	g, err := user.LookupGroup(group)
	if err != nil {
		return NewProblem(0, explain.ManageSocket, "make the group with `groupadd --system "+group+"`, or set daemon.socket_group", "daemon.socket_group: %v", err)
	}
	gid, err := strconv.Atoi(g.Gid)
	if err != nil {
		return fmt.Errorf("group %q: %w", group, err)
	}
	if err := os.Chown(path, -1, gid); err != nil {
		return err
	}
	return os.Chmod(path, 0o660)
}

func socketProblem(path string, err error) *Problem {
	var told *Problem
	if errors.As(err, &told) {
		return told
	}
	return NewProblem(0, explain.ManageSocket, "", "management socket %s: %v", path, err)
}

// dial connects to the socket of the daemon.
func dial(path string) func(ctx context.Context, _, _ string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
}
