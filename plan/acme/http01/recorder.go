package http01

import (
	"bytes"
	"net"
	"sync"
)

// recorder keeps the first octets that come over a connection.
type recorder struct {
	net.Conn

	mu    sync.Mutex
	first []byte
}

// maxFirst is how many octets tell protocols apart.
const maxFirst = 16

func (r *recorder) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.first = append(r.first, b[:min(n, maxFirst-len(r.first))]...)
	return n, err
}

// beginning is what came first, at most maxFirst octets.
func (r *recorder) beginning() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.first)
}
