"""`street`: a town street in the afternoon; cars pass, wheels roll, the camera glides by and sways in the hand."""

from dataclasses import dataclass

from flowlab.core.parameters import parameter
from flowlab.scenes.scene import Scene, SceneParameters, direction_knob
from flowlab.scenes.street.camera import Camera
from flowlab.scenes.street.grit import Grit
from flowlab.scenes.street.plan import Plan, Sun
from flowlab.scenes.street.stage import Stage
from flowlab.scenes.street.traffic import vehicles
from flowlab.scenes.street.world import StreetWorld


@dataclass(frozen=True)
class StreetParameters(SceneParameters):
    """Knobs of `street`: the traffic has `speed`, the camera glides and sways by its own."""

    speed: float = parameter(
        2.0,
        low=0.0,
        high=12.0,
        step=0.1,
        unit="px/frame",
        help="How far the nearest car goes from frame to frame before a camera at rest.",
    )
    traffic: int = parameter(5, low=0, high=8, step=1, help="How many vehicles move; parked ones are always there.")
    camera_speed: float = parameter(
        0.015,
        low=0.0,
        high=0.1,
        step=0.005,
        unit="m/frame",
        help="How fast the camera glides to the right and forward; at the end of its track it swings back.",
    )
    sway: float = parameter(
        2.0, low=0.0, high=12.0, step=0.5, unit="px", help="How far the hand that holds the camera turns it."
    )
    sun: float = direction_knob(-60.0, "Where shadows fall on the ground.")
    shadow: float = parameter(0.85, low=0.0, high=1.0, step=0.05, help="How strong the shadows are.")


def street(parameters: StreetParameters) -> Scene:
    """Return the scene: every surface is a plane, so its flow is the homography between two times."""
    camera = Camera(
        parameters.width,
        parameters.height,
        glide=parameters.camera_speed,
        sway=parameters.sway,
        middle=(parameters.frames - 1) / 2,
    )
    plan, sun = Plan(), Sun(parameters.sun, parameters.shadow)
    moving = vehicles(plan, camera, parameters, parameters.traffic)
    stage = Stage(camera, plan, sun, parameters=parameters, grit=Grit(parameters.seed, 1), shapes=Grit(0, 2))
    return Scene("street", parameters, StreetWorld(camera, lambda: stage.surfaces(moving), moving))
