"""Slows down and then refuses whoever tries links, keys or returns that do not exist; never whoever shows a right one."""
