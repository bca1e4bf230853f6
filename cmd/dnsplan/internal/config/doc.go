// Package config is where the program is put together: settings from flags and
// the environment (viper), the inventory, credentials, providers, and what a
// run needs of the world. It holds no rule of its own.
//
//	s, err := config.Open(config.Settings{Inventory: "inventory.toml"}, env)
//	defer s.Close()
//	p, err := s.Plan(ctx, config.Request{})
package config
