package hook

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"
	"unicode"
)

// A Command is one run of a command line of the shell.
type Command struct {
	Line        string
	Environment []string
}

// Bounds of what a command may say: further lines are left out, longer ones cut.
const (
	maxLines = 256
	maxLine  = 1024
)

// killWait is how long output is waited for after a command was killed, or has left a process behind that holds it open.
const killWait = time.Second

// ErrTimeout means that a command was killed, with all that it had started, as it took too long.
var ErrTimeout = errors.New("it took too long and was killed")

// run runs a command to its end, or for as long as limit. tell hears each line of its output.
func (c *Command) run(ctx context.Context, limit time.Duration, tell func(line string)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	r, w := io.Pipe()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", c.Line)
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = c.Environment, "/", w, w
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = killWait
	read := make(chan struct{})
	go func() {
		defer close(read)
		lines(r, tell)
	}()
	err := cmd.Run()
	_ = w.Close()
	<-read
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%w after %v", ErrTimeout, limit)
	case errors.Is(err, exec.ErrWaitDelay): // it has ended well, and left something running
		return nil
	}
	return err
}

// lines tells the lines of an output, and reads the rest.
func lines(r io.Reader, tell func(line string)) {
	b := bufio.NewReaderSize(r, maxLine)
	for n := 0; ; n++ {
		line, cut, err := b.ReadLine()
		if err != nil {
			return
		}
		switch {
		case n < maxLines:
			tell(printable(line))
		case n == maxLines:
			tell("(further output is left out)")
		}
		for cut && err == nil {
			_, cut, err = b.ReadLine()
		}
	}
}

// printable replaces what a terminal or a log could be deceived with.
func printable(line []byte) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) && r != '\t' {
			return '?'
		}
		return r
	}, string(line))
}
