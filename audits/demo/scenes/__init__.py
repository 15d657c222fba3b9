"""The scenes of the demonstration: what a visitor finds in the middle of happening.

Each is played by simulated people through the services that the portal calls, with time that passes for real. A
scene that is there already is left alone, whatever has become of it since.
"""

from audits.demo.scenes.playing import Play, Scene
from audits.demo.scenes.repertoire import SCENES, missing_scenes, set_rules, set_scenes

__all__ = ["SCENES", "Play", "Scene", "missing_scenes", "set_rules", "set_scenes"]
