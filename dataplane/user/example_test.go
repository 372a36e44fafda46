package user_test

import (
	"log"

	"culvert/dataplane"
	"culvert/dataplane/user"
	"culvert/netio"
)

// A gateway has the two packages work hand in hand: ESP that arrives goes to the data plane, what the data plane seals
// leaves through the sockets.
func Example() {
	sockets := netio.DefaultConfig()
	sockets.Mark = user.DefaultMark
	listener, err := netio.Listen(sockets)
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()

	ike, nat := listener.Ports()
	backend, err := user.New(user.Config{Mark: sockets.Mark, Ports: []uint16{ike, nat}}, listener)
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()

	backend.SetNotices(func(n dataplane.Notice) { log.Printf("notice %d about SPI %08x", n.Kind, n.SPI) })
	listener.Start(netio.Handlers{
		IKE: func(path dataplane.Path, message []byte) {
			log.Printf("%d octets of IKE from %v", len(message), path.Remote)
		},
		ESP: backend.HandleESP,
		MTU: backend.HandleMTU,
	})
}
