package token

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// helper serves a client with answer until the test ends.
func helper(t *testing.T, answer func(Request) (Response, error)) *Client {
	t.Helper()
	requests, out := io.Pipe()
	in, responses := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(requests, responses, answer)
		responses.Close()
	}()
	t.Cleanup(func() {
		out.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return NewClient(in, out)
}

func TestAnswersBelongToTheirRequests(t *testing.T) {
	c := helper(t, func(r Request) (Response, error) {
		return Response{Signature: append(bytes.Clone(r.Digest), r.PIN...)}, nil
	})
	for _, digest := range []string{"one", "two"} {
		got, err := c.Ask(Request{Op: Sign, Digest: []byte(digest), PIN: []byte("1234")})
		if err != nil || string(got.Signature) != digest+"1234" {
			t.Errorf("%q, %v for %q", got.Signature, err, digest)
		}
	}
}

// What a token refuses is told from a helper that has died: only the latter is started again.
func TestRefusalsAreToldFromADeadHelper(t *testing.T) {
	failures := map[string]error{
		"pin": fmt.Errorf("logging in: %w", &Error{Refused, "PIN incorrect"}), "absent": &Error{Absent, "no such key"}, "": errors.New("device removed"),
	}
	c := helper(t, func(r Request) (Response, error) {
		return Response{Signature: []byte("not to be seen")}, failures[r.Object.Label]
	})
	for kind, cause := range failures {
		got, err := c.Ask(Request{Op: Sign, Object: Object{Label: kind}})
		refused, ok := errors.AsType[*Error](err)
		if !ok || string(refused.Failure) != kind || refused.Text != cause.Error() || errors.Is(err, ErrHelper) || got.Signature != nil {
			t.Errorf("%q: %+v, %v", kind, got, err)
		}
	}
}

func TestHelperThatIsNotUsable(t *testing.T) {
	for name, says := range map[string]string{
		"has ended":       "",
		"speaks nonsense": "Segmentation fault\n",
		"says too much":   `{"error":"` + strings.Repeat("x", maxLine) + "\"}\n",
	} {
		if _, err := NewClient(strings.NewReader(says), io.Discard).Ask(Request{Op: Find}); !errors.Is(err, ErrHelper) {
			t.Errorf("a helper that %s: %v", name, err)
		}
	}
	gone, end := io.Pipe()
	gone.Close()
	if _, err := NewClient(strings.NewReader("{}\n"), end).Ask(Request{Op: Find}); !errors.Is(err, ErrHelper) {
		t.Errorf("a helper that reads nothing: %v", err)
	}
}

// keeper keeps what it was given, as an operating system does not.
type keeper struct{ given [][]byte }

func (k *keeper) Write(b []byte) (int, error) {
	k.given = append(k.given, b)
	return len(b), nil
}

func TestPINsAreForgottenOnceSent(t *testing.T) {
	var k keeper
	if _, err := NewClient(strings.NewReader("{}\n"), &k).Ask(Request{Op: Find, PIN: []byte("1234")}); err != nil {
		t.Fatal(err)
	}
	if len(k.given) != 1 || len(k.given[0]) == 0 || len(bytes.Trim(k.given[0], "\x00")) != 0 {
		t.Errorf("left in memory: %q", k.given)
	}
}

func TestMalformedRequestEndsTheHelper(t *testing.T) {
	asked := 0
	answer := func(Request) (Response, error) { asked++; return Response{}, nil }
	for _, text := range []string{"nonsense\n{}\n", `{"op":7}` + "\n", `"` + strings.Repeat("x", maxLine) + `"` + "\n"} {
		if err := Serve(strings.NewReader(text), io.Discard, answer); err == nil || asked != 0 {
			t.Errorf("%.20q: %v, asked %d times", text, err, asked)
		}
	}
}

func TestOptionsOfSignatures(t *testing.T) {
	c := helper(t, func(r Request) (Response, error) { return Response{Signature: fmt.Appendf(nil, "%T", r.Opts())}, nil })
	for want, r := range map[string]Request{"crypto.Hash": {Hash: 5}, "*rsa.PSSOptions": {Hash: 5, PSS: true, Salt: 32}} {
		if got, err := c.Ask(r); err != nil || string(got.Signature) != want {
			t.Errorf("%q, %v, want %q", got.Signature, err, want)
		}
	}
}
