// Package carrier carries TLS in EAP packets: what EAP-TLS (RFC 5216, RFC 9190), EAP-TTLS (RFC 5281) and PEAP have in common.
//
// Messages of TLS are cut into fragments and put together again (frame.go, assembler.go, sender.go). crypto/tls reads and
// writes them as if they were a connection (stream.go), in a coroutine that runs while a packet is worked on and rests in
// between (exchange.go). What is done over TLS is a Program, which each method has its own of (tunnel.go).
//
//	packet -> frame -> assembler -> stream -> crypto/tls -> Program
//	packet <- frame <-   sender  <- stream <- crypto/tls <-
package carrier
