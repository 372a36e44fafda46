package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"

	"culvert/secret"
)

// maxPassword bounds what is read as a password.
const maxPassword = 1024

var errPasswordTooLong = errors.New("a password has at most 1024 octets")

var errPasswordsDiffer = errors.New("the two passwords differ")

// newPassword asks twice for a password, without showing it. When standard input is no terminal it is the first line of that.
func newPassword(prompt string) (secret.Bytes, error) {
	fd := int(os.Stdin.Fd())
	before, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return readLine(os.Stdin)
	}
	quiet := *before
	quiet.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, &quiet); err != nil {
		return nil, err
	}
	defer unix.IoctlSetTermios(fd, unix.TCSETS, before)
	return askTwice(os.Stdin, os.Stderr, prompt)
}

// askTwice asks until a line has come twice, or gives up.
func askTwice(r io.Reader, w io.Writer, prompt string) (secret.Bytes, error) {
	lines := bufio.NewReader(r)
	fmt.Fprint(w, prompt+": ")
	first, err := readLine(lines)
	fmt.Fprintln(w)
	if err != nil {
		return nil, err
	}
	fmt.Fprint(w, "Once more: ")
	again, err := readLine(lines)
	fmt.Fprintln(w)
	defer again.Clear()
	if err == nil && !first.Equal(again) {
		err = errPasswordsDiffer
	}
	return first, err
}

// readLine returns a line without its end.
func readLine(r io.Reader) (secret.Bytes, error) {
	lines, buffered := r.(*bufio.Reader)
	if !buffered {
		lines = bufio.NewReader(io.LimitReader(r, maxPassword+2))
	}
	line, err := lines.ReadBytes('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	line = bytes.TrimRight(line, "\r\n")
	if len(line) > maxPassword {
		return nil, errPasswordTooLong
	}
	return line, nil
}
