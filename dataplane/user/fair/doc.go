// Package fair holds the packets of a worker to which more comes than it can send, shares its time out among children and
// their flows, and keeps their queues short (RFC 8289, RFC 8290). Its memory is bounded and made once.
package fair
