/**
 * Models: a network's weights with the card that says what they are for, and the files of this and of other projects.
 *
 * <p>What other projects call their tensors is a table for each, here. How bytes become tensors is {@code ddpm.io}'s.
 *
 * @since 0.1.0
 */
package ddpm.model;
