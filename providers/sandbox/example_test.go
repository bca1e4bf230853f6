package sandbox_test

import (
	"context"
	"fmt"
	"os"

	"github.com/miekg/dns"

	"github.com/dnsplan/dnsplan/providers/sandbox"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "sandbox")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	sb, err := sandbox.Open(context.Background(), sandbox.Options{Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer sb.Close()
	resolver := sb.Resolvers()[0]
	reply, err := dns.Exchange(new(dns.Msg).SetQuestion("old.example.org.", dns.TypeA), resolver.Addrs[0].String())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resolver.Name, reply.Answer[0].(*dns.A).A)
	// Output: resolver-1 192.0.2.9
}
