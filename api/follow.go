package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strings"

	"culvert/explain"
)

// errEnded means that the daemon ended a stream that has no end of its own.
var errEnded = errors.New("the stream ended")

// follow reads a stream to its end.
func follow[T any](ctx context.Context, c *Client, method, name string, query url.Values, body any, each func(T) error, gap func(uint64)) error {
	response, err := c.send(ctx, method, name, query, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for {
		kind, data, err := readEvent(lines)
		if err != nil {
			return c.broken(ctx, err)
		}
		switch kind {
		case streamDone:
			return nil
		case streamItem:
			err = deliver(data, each)
		case streamGap:
			err = deliver(data, func(g Gap) error { gap(g.Missed); return nil })
		case streamProblem:
			err = deliver(data, func(p *Problem) error { return p })
		}
		if err != nil {
			return err
		}
	}
}

// deliver decodes the data of an event and hands it on.
func deliver[T any](data []byte, take func(T) error) error {
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		return NewProblem(0, explain.ManageBadRequest, "", "the daemon sends what cannot be read: %v", err)
	}
	return take(v)
}

// readEvent reads one server-sent event: its name and data.
func readEvent(lines *bufio.Scanner) (name string, data []byte, err error) {
	for lines.Scan() {
		line := lines.Text()
		if line == "" && name != "" {
			return name, data, nil
		}
		switch field, value, _ := strings.Cut(line, ": "); field {
		case "event":
			name = value
		case "data":
			data = []byte(value)
		}
	}
	if err := lines.Err(); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", nil, err
	}
	return "", nil, errEnded
}
