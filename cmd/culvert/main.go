// Command culvert is the IKEv2/IPsec daemon and its command line.
package main

import (
	"context"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"culvert/cmd/culvert/cli"
	"culvert/config"
	"culvert/daemon"
	"culvert/doctor"
	"culvert/trial/ping"
)

// version is set by the build: -ldflags "-X main.version=...".
var version = "dev"

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	width, terminal := columns(os.Stdout)
	return cli.Run(ctx, cli.Env{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Terminal: terminal, Width: width, Getenv: os.Getenv,
		Now: time.Now, Source: config.System(time.Now()), Version: version, Daemon: runDaemon, NewPassword: newPassword,
		Host: doctor.System(), Pinger: ping.System{}, Command: command,
	}, os.Args[1:], demoCommand())
}

// columns returns the width of a terminal, and whether the file is one.
func columns(f *os.File) (int, bool) {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0, false
	}
	return int(size.Col), true
}

// runDaemon runs the daemon for the command line.
func runDaemon(ctx context.Context, o cli.DaemonOptions) error {
	return daemon.Run(ctx, daemon.Options{Config: o.Config, Swanctl: o.Swanctl, Socket: o.Socket, Version: o.Version, Stderr: os.Stderr})
}

// command runs a program, and returns what it writes.
func command(ctx context.Context, name string, args ...string) ([]byte, error) {
	return exec.CommandContext(ctx, name, args...).CombinedOutput()
}
