package keystore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"culvert/keystore/token"
)

// helperName is the program that loads PKCS #11 modules.
const helperName = "culvert-pkcs11"

// helper finds the helper program.
func (s Store) helper() (string, error) {
	if s.Helper != "" {
		return s.Helper, nil
	}
	if self, err := os.Executable(); err == nil {
		if beside := filepath.Join(filepath.Dir(self), helperName); executable(beside) {
			return beside, nil
		}
	}
	path, err := exec.LookPath(helperName)
	if err != nil {
		return "", fmt.Errorf("PKCS #11 keys need the program %s, which is neither beside this one nor in $PATH: build it with `make pkcs11`", helperName)
	}
	return path, nil
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// A helper is a running helper process.
type helper struct {
	client  *token.Client
	in, out io.Closer
	cancel  context.CancelFunc
	wait    func() error
}

// startHelper starts the program. It ends when its input does, so no helper outlives us.
func startHelper(program string) (*helper, error) {
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program)
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	cmd.Stderr = os.Stderr
	if err := errors.Join(err1, err2); err != nil {
		cancel()
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("PKCS #11 helper: %w", err)
	}
	return &helper{client: token.NewClient(out, in), in: in, out: out, cancel: cancel, wait: cmd.Wait}, nil
}

// abandon kills a helper that hangs. Writing and reading end with our ends of the pipes, as a process that the module has started may
// still hold the others.
func (h *helper) abandon() {
	h.cancel()
	_, _ = h.in.Close(), h.out.Close()
}

// ask asks once, and abandons a helper that hangs.
func (h *helper) ask(r token.Request, limit time.Duration) (token.Response, error) {
	watch := time.AfterFunc(limit, h.abandon)
	answer, err := h.client.Ask(r)
	if !watch.Stop() && errors.Is(err, token.ErrHelper) {
		err = fmt.Errorf("PKCS #11 module %s: no answer in %v, given up: %w", r.Object.Module, limit, token.ErrHelper)
	}
	return answer, err
}

func (h *helper) stop() {
	h.cancel()
	_ = h.in.Close()
	_ = h.wait() // it was killed
}
