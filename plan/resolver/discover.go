package resolver

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/dnsplan/dnsplan/inventory/zone"
)

// Discovery says how to find a zone's authoritative servers.
type Discovery struct {
	// Zone is the zone.
	Zone zone.Name
	// NS are the names of its servers, as the provider's snapshot has them. When
	// it is empty, Via are asked.
	NS []zone.Name
	// Glue are the addresses of names that need not be asked for, as those
	// inside the zone.
	Glue map[zone.Name][]netip.Addr
	// Via are the resolvers to ask; when it is empty, the machine's own.
	Via []Server
	// Port is where the servers listen; 0 is 53.
	Port uint16
}

// NameServer is one authoritative server by name, with every address it has.
type NameServer struct {
	// Name is the target of the NS record, without the final dot.
	Name string
	// Servers are its addresses, IPv4 first, ascending, asked over UDP; none
	// when the name has no address.
	Servers []Server
}

var (
	errNoNS      = errors.New("no NS records found")
	errAddresses = errors.New("the name has no address")
	errNoVia     = errors.New("no resolver to ask")
)

// NameServers finds every authoritative server of a zone: each NS name with all
// its A and AAAA addresses, in name order. With an error the list holds what
// was found, and a server is missing from it or has no address: do not take it
// for all of them.
func (c *Client) NameServers(ctx context.Context, d Discovery) ([]NameServer, error) {
	names, err := c.nsNames(ctx, &d)
	if err != nil {
		return nil, fmt.Errorf("find servers of %s: %w", d.Zone, err)
	}
	addrs, err := c.addresses(ctx, &d, names)
	out := make([]NameServer, len(names))
	for i, n := range names {
		out[i].Name = n.Display()
		for _, a := range addrs[n] {
			out[i].Servers = append(out[i].Servers, Server{
				Name: out[i].Name, Protocol: UDP, Addr: netip.AddrPortFrom(a, d.port()),
			})
		}
	}
	if err != nil {
		return out, fmt.Errorf("find servers of %s: %w", d.Zone, err)
	}
	return out, nil
}

func (d *Discovery) port() uint16 {
	if d.Port == 0 {
		return UDP.Port()
	}
	return d.Port
}

// nsNames returns the names of the zone's servers, in order, each once.
func (c *Client) nsNames(ctx context.Context, d *Discovery) ([]zone.Name, error) {
	names := slices.Clone(d.NS)
	if len(names) == 0 {
		var err error
		if names, err = c.askNS(ctx, d); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(names, zone.CompareNames)
	return slices.Compact(names), nil
}

// askNS asks one resolver after the other, until one has the NS set.
func (c *Client) askNS(ctx context.Context, d *Discovery) ([]zone.Name, error) {
	if err := c.findVia(d); err != nil {
		return nil, err
	}
	q := question{name: d.Zone, qtype: typeNS, recurse: true}
	var errs []error
	for _, via := range d.Via {
		var names []zone.Name
		c.fly(ctx, via, []question{q}, func(_ int, o outcome) {
			v := o.assess(via, q)
			if v.err == nil && len(v.found.records) == 0 {
				v.err = &QueryError{Server: via, Question: q.String(), Status: v.status, Cause: errNoNS}
			}
			errs = append(errs, v.err)
			for _, r := range v.found.records {
				names = append(names, o.msg.nameAt(r.start))
			}
		})
		if len(names) > 0 {
			return names, nil
		}
	}
	return nil, errors.Join(errs...)
}

// addresses looks up all names, with glue taken as it is. The error names each
// one that is without an address, or whose look-up failed.
func (c *Client) addresses(ctx context.Context, d *Discovery, names []zone.Name) (map[zone.Name][]netip.Addr, error) {
	out := make(map[zone.Name][]netip.Addr, len(names))
	var open []zone.Key
	for _, n := range names {
		out[n] = slices.Clone(d.Glue[n])
		if len(out[n]) == 0 {
			open = append(open, zone.Key{Name: n, Type: zone.A}, zone.Key{Name: n, Type: zone.AAAA})
		}
	}
	answers, err := c.lookUp(ctx, d, open)
	if err != nil {
		return out, err
	}
	var errs []error
	for _, a := range answers {
		out[a.Key.Name] = append(out[a.Key.Name], a.Addrs...)
		if a.Err != nil {
			errs = append(errs, a.Err)
		}
	}
	for _, n := range names {
		slices.SortFunc(out[n], netip.Addr.Compare)
		out[n] = slices.Compact(out[n])
		known := !slices.ContainsFunc(answers, func(a Answer) bool { return a.Key.Name == n && a.Err != nil })
		if len(out[n]) == 0 && known {
			errs = append(errs, fmt.Errorf("name server %s: %w", n.Display(), errAddresses))
		}
	}
	return out, errors.Join(errs...)
}

// lookUp asks the first resolver for all keys and each further one for what its
// forerunners could not tell. The answers are in the order of keys.
func (c *Client) lookUp(ctx context.Context, d *Discovery, keys []zone.Key) ([]Answer, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	if err := c.findVia(d); err != nil {
		return nil, err
	}
	answers := make([]Answer, len(keys))
	open := make([]int, len(keys))
	for i := range keys {
		open[i] = i
	}
	for _, via := range d.Via {
		queries := make([]Query, len(open))
		for n, i := range open {
			queries[n] = Query{Server: via, Key: keys[i], Recurse: true}
		}
		var failed []int
		for n, a := range c.Ask(ctx, queries) {
			answers[open[n]] = a
			if !a.Status.Definite() {
				failed = append(failed, open[n])
			}
		}
		if open = failed; len(open) == 0 {
			break
		}
	}
	return answers, nil
}

// findVia fills in the machine's resolvers where none are given.
func (c *Client) findVia(d *Discovery) (err error) {
	if len(d.Via) == 0 {
		d.Via, err = c.MachineResolvers()
	}
	return err
}

// MachineResolvers returns the resolvers of the Options' ResolvConf, in its
// order; there is at least one. Nobody is asked.
func (c *Client) MachineResolvers() ([]Server, error) {
	text, err := os.ReadFile(c.opts.ResolvConf)
	if err != nil {
		return nil, err
	}
	servers := parseResolvConf(text)
	if len(servers) == 0 {
		return nil, fmt.Errorf("%s: %w", c.opts.ResolvConf, errNoVia)
	}
	return servers, nil
}

// parseResolvConf returns the servers of a resolv.conf(5); lines that are not
// understood are passed over, as the C library does.
func parseResolvConf(text []byte) []Server {
	var out []Server
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) < 2 || f[0] != "nameserver" {
			continue
		}
		if s, err := ParseServer("", f[1], string(UDP)); err == nil {
			out = append(out, s)
		}
	}
	return out
}
