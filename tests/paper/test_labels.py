"""Labels beside points: none covers another, a point, or the border, where there is room."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text

from paper.show import labels


@pytest.fixture
def axis():
    figure, axis = plt.subplots(figsize=(6, 4))
    axis.set(xlim=(0, 1), ylim=(0, 1))
    yield axis
    plt.close(figure)


def test_labels_of_a_crowd_cover_nothing(axis):
    rng = np.random.default_rng(0)
    points = [(x, y) for x, y in rng.uniform(0.2, 0.8, (12, 2))] + [(0.5, 0.5), (0.505, 0.5)]
    obstacles = [(x, 0.9) for x in np.linspace(0, 1, 50)]
    made = labels.beside(axis, points + obstacles, [f"label {i}" for i in range(len(points))], fontsize=7)
    boxes, frame = [Text.get_window_extent(label) for label in made], axis.get_window_extent()
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
    assert all(frame.x0 < box.x0 and box.x1 < frame.x1 for box in boxes)
    for point in points + obstacles:
        assert not any(box.contains(*axis.transData.transform(point)) for box in boxes)


def test_near_the_right_border_a_label_is_at_the_left(axis):
    (label,) = labels.beside(axis, [(0.99, 0.5)], ["a label"])
    assert Text.get_window_extent(label).x1 < axis.transData.transform((0.99, 0.5))[0]


def test_where_there_is_no_room_it_is_inside_all_the_same(axis):
    everywhere = [*itertools.product(np.linspace(0, 1, 40), np.linspace(0, 1, 40))]
    (label,) = labels.beside(axis, [(0.5, 0.5), *everywhere], ["a label"])
    box, frame = Text.get_window_extent(label), axis.get_window_extent()
    assert frame.x0 < box.x0 and box.x1 < frame.x1
