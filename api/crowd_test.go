package api_test

import (
	"net"
	"testing"

	"culvert/api"
	"culvert/api/apitest"
)

// Clients that connect to the Unix socket and hang cost their sockets: with a hundred of them, 5000 SAs are told as ever.
func TestHangingClientsOfTheSocketHoldUpNobody(t *testing.T) {
	fake := apitest.New(8)
	fake.Now = crowd(5000)
	socket := apitest.Serve(t, fake)
	for i := range 100 {
		c, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if i%2 == 0 {
			_, _ = c.Write([]byte("GET /v1/events HTTP/1.1\r\nHost: culvert\r\n\r\n")) // and is never read
		}
	}
	client := api.NewClient(socket)
	defer client.Close()
	status, err := client.Status(t.Context())
	if err != nil || len(status.SAs) != 5001 {
		t.Errorf("%v, %d SAs", err, len(status.SAs))
	}
}
