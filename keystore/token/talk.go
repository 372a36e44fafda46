package token

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds a line, in octets: the certificates of some full tokens.
const maxLine = 4 << 20

// Serve answers requests with answer until r ends. It is the helper's side.
func Serve(r io.Reader, w io.Writer, answer func(Request) (Response, error)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	out := json.NewEncoder(w)
	for lines.Scan() {
		var request Request
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			return fmt.Errorf("malformed request: %w", err)
		}
		response, err := answer(request)
		if err != nil {
			response = failed(err)
		}
		if err := out.Encode(response); err != nil {
			return err
		}
	}
	return lines.Err()
}

// failed is the response that tells an error.
func failed(err error) Response {
	r := Response{Error: err.Error()}
	if known, ok := errors.AsType[*Error](err); ok {
		r.Failure = known.Failure
	}
	return r
}

// A Client is the daemon's side. It is for one goroutine at a time.
type Client struct {
	out io.Writer
	in  *bufio.Scanner
}

// NewClient speaks to a helper over its standard output r and input w.
func NewClient(r io.Reader, w io.Writer) *Client {
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxLine)
	return &Client{out: w, in: in}
}

// ErrHelper means that the helper is not usable any more, in contrast to what a token refuses.
var ErrHelper = errors.New("the PKCS #11 helper does not answer")

// Ask sends a request and returns its answer. The error is an *Error if it is the token's, and ErrHelper otherwise.
func (c *Client) Ask(r Request) (Response, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return Response{}, err
	}
	line := append(text, '\n') // perhaps elsewhere, and both have the PIN
	defer clear(text)
	defer clear(line)
	if _, err := c.out.Write(line); err != nil {
		return Response{}, fmt.Errorf("%w: %w", ErrHelper, err)
	}
	if !c.in.Scan() {
		return Response{}, fmt.Errorf("%w: %w", ErrHelper, errors.Join(c.in.Err(), io.ErrUnexpectedEOF))
	}
	var response Response
	if err := json.Unmarshal(c.in.Bytes(), &response); err != nil {
		return Response{}, fmt.Errorf("%w: %w", ErrHelper, err)
	}
	if response.Error != "" {
		return Response{}, &Error{response.Failure, response.Error}
	}
	return response, nil
}
