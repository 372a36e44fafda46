package api_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"culvert/api"
	"culvert/api/apitest"
	"culvert/explain"
)

// A program asks the daemon what `culvert status` shows, and follows a connection on its way up.
func ExampleClient() {
	socket, stop := daemon()
	defer stop()

	client := api.NewClient(socket)
	defer client.Close()
	status, err := client.Status(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range status.Connections {
		fmt.Println(c.Name, "is", c.State)
	}
	office := api.Command{Target: api.Target{Connection: "office"}}
	err = client.Up(context.Background(), office, func(e api.Event) { fmt.Println(e.Kind, e.Text) })
	var problem *api.Problem
	if errors.As(err, &problem) {
		fmt.Println(problem.Code, problem.Detail)
	}
	// Output:
	// office is idle
	// attempt connecting to 192.0.2.1:500, attempt 1
	// IKE-TIMEOUT no answer
}

// daemon serves a control that knows one connection, whose peer does not answer.
func daemon() (socket string, stop func()) {
	dir, err := os.MkdirTemp("", "culvert")
	if err != nil {
		panic(err)
	}
	fake := apitest.New(16)
	fake.Now = api.Status{Connections: []api.Connection{{Name: "office", State: api.Idle}}}
	fake.Script = []api.Event{{Kind: api.EventAttempt, Connection: "office", Text: "connecting to 192.0.2.1:500, attempt 1"}}
	fake.Err["up"] = api.NewProblem(0, explain.IKETimeout, "", "no answer")
	socket = filepath.Join(dir, "culvert.sock")
	listener, err := api.Listen(socket, "")
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- api.NewServer(fake, "example").Serve(ctx, listener) }()
	return socket, func() {
		cancel()
		<-ended
		os.RemoveAll(dir)
	}
}
