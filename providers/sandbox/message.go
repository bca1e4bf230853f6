package sandbox

import (
	"context"
	"encoding/binary"
	"net"

	"github.com/miekg/dns"
)

// udpSize is the largest reply over UDP, in octets, and what the servers offer
// in EDNS: it passes every path unfragmented (DNS flag day 2020).
const udpSize = 1232

// serve answers one query; ctx ends with the server.
func (s *Server) serve(ctx context.Context, w dns.ResponseWriter, q *dns.Msg) {
	if watch := s.watch.Load(); watch != nil && len(q.Question) == 1 {
		(*watch)(q.Question[0])
	}
	f := s.faults.Load()
	switch {
	case f.Silent:
		return
	case f.Garbage:
		_, _ = w.Write(garbage(q.Id)) // the client is gone when this fails
		return
	}
	m := s.reply(ctx, q, f)
	if m == nil {
		return
	}
	_, udp := w.RemoteAddr().(*net.UDPAddr)
	fit(m, q, udp)
	wire, err := m.Pack()
	if err != nil { // a handler's reply that is no message
		wire, err = new(dns.Msg).SetRcode(q, dns.RcodeServerFailure).Pack()
	}
	if err == nil {
		_, _ = w.Write(wire) // as above
	}
}

// reply judges the query's form; what is sound goes to the handler.
func (s *Server) reply(ctx context.Context, q *dns.Msg, f *Faults) *dns.Msg {
	rcode := formOf(q)
	if rcode == dns.RcodeSuccess && f.ServFail {
		rcode = dns.RcodeServerFailure
	}
	if rcode != dns.RcodeSuccess {
		return new(dns.Msg).SetRcode(q, rcode)
	}
	return s.handler(ctx, q)
}

// formOf returns what a query is refused with whatever it asks for, or NOERROR
// (RFC 1035, section 4.1.1; RFC 6891, section 6.1).
func formOf(q *dns.Msg) int {
	opts := 0
	for _, rr := range q.Extra {
		if rr.Header().Rrtype == dns.TypeOPT {
			opts++
		}
	}
	opt := q.IsEdns0()
	switch {
	case q.Opcode != dns.OpcodeQuery:
		return dns.RcodeNotImplemented
	case len(q.Question) != 1 || opts > 1 || len(q.Answer) > 0:
		return dns.RcodeFormatError
	case opt != nil && opt.Version() != 0:
		return dns.RcodeBadVers
	}
	return classAndType(q.Question[0])
}

// classAndType sorts out what is no question for data: other classes, zone
// transfers and meta types (RFC 6895, section 3.1).
func classAndType(q dns.Question) int {
	switch {
	case q.Qclass != dns.ClassINET:
		return dns.RcodeRefused
	case q.Qtype == dns.TypeAXFR || q.Qtype == dns.TypeIXFR:
		return dns.RcodeRefused
	case q.Qtype == dns.TypeOPT || q.Qtype == dns.TypeNone:
		return dns.RcodeFormatError
	case q.Qtype >= 128 && q.Qtype < dns.TypeANY:
		return dns.RcodeNotImplemented
	}
	return dns.RcodeSuccess
}

// fit writes the OPT record, when the query had one, and cuts m down to what
// the client can take, with TC set (RFC 2181, section 9).
func fit(m, q *dns.Msg, udp bool) {
	size := dns.MaxMsgSize - 1
	if udp {
		size = dns.MinMsgSize
	}
	opt := takeOPT(m)
	if asked := q.IsEdns0(); asked != nil {
		opt.SetUDPSize(udpSize)
		opt.SetDo(asked.Do())
		m.Extra = append(m.Extra, opt)
		if udp {
			size = min(max(int(asked.UDPSize()), dns.MinMsgSize), udpSize)
		}
	}
	m.Truncate(size)
}

// takeOPT takes the OPT record out of m, or makes one.
func takeOPT(m *dns.Msg) *dns.OPT {
	for i, rr := range m.Extra {
		if opt, ok := rr.(*dns.OPT); ok {
			m.Extra = append(m.Extra[:i:i], m.Extra[i+1:]...)
			return opt
		}
	}
	return &dns.OPT{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeOPT}}
}

// explain adds an extended error (RFC 8914), which clients with EDNS see.
func explain(m *dns.Msg, code uint16, text string) {
	opt := takeOPT(m)
	opt.Option = append(opt.Option, &dns.EDNS0_EDE{InfoCode: code, ExtraText: text})
	m.Extra = append(m.Extra, opt)
}

// garbage is a reply that counts a question and an answer and holds neither.
func garbage(id uint16) []byte {
	b := binary.BigEndian.AppendUint16(nil, id)
	b = append(b, 0x84, 0x00, 0, 1, 0, 1, 0, 0, 0, 0)
	return append(b, "\xff\xfe not a message"...)
}
