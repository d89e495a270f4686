"""A seeded discrete-event simulator of whole networks of nodes, and the properties that must hold in all of them.

engine.py holds the clock, network.py the latency model and streams, worlds.py nodes that come and go, crash and return;
flood.py and plumtree.py are baselines, clique_node.py runs the real core behind the real wire encoding.
"""
