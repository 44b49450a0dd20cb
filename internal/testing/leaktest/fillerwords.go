package leaktest

// ordinaryWords are words for fillers.
const ordinaryWords = `
	apple april arm attic aunt autumn bakery balcony ball bamboo banana barn basil basket beach bean bear bed bell bench
	berry bicycle bird biscuit blanket blue boat book boot bottle bowl box branch bread breakfast breeze brick bridge
	bright broom brother brown brush bucket butter button cabin cake candle canvas cap carpet carrot castle cat ceiling
	cellar chair chalk cheese cherry chimney cinema circle clay clean clock cloth cloud clover coal coat coffee coin
	cold comb cookie copper corn cotton cousin cow crab cream cricket crown cup curtain daisy dance dawn deer desert
	dinner dish dog doll dolphin donkey door dough dove dragon drawer dress drum duck dust eagle early earth east
	egg eight elbow elephant evening eye fabric face falcon family farm feather fence fern field fig finger fire fish
	flag flame flour flower flute fog forest fork fountain four fox fresh friday frog fruit garage garden garlic gate
	gentle giant ginger giraffe glass glove goat gold goose grandmother grape grass gravel green grey guitar hail hammer
	hand happy harbour harvest hat hazel heart hedge hen herb hill holiday honey hook horse hotel house ice ink iron
	island ivory ivy jacket jam january jar jelly jewel juice july jump june jungle kettle kitchen kite kitten knee
	knife ladder lake lamb lamp lantern laugh laundry lavender leaf leather lemon letter light lily lime linen lion
	lizard lobster loud lunch magnet mango maple march market marble mask meadow melon metal midnight milk mill mint
	mirror mitten monday monkey moon morning moss mother mountain mouse mud muffin mushroom music mustard nail napkin
	narrow neck needle nephew nest night noon north nose nut oak oat ocean october olive onion orange orchard oven owl
	oyster paddle paint palace pan paper parade parrot parsley party path pea peach pear pebble pencil penguin pepper
	piano picnic pie pigeon pillow pine pink pipe plain plate plum pocket pond pony poppy porch potato pottery puddle
	pumpkin puppy purple quarter queen quiet quilt rabbit radio rain raisin red ribbon rice ring river road robin rock
	roof rope rose round rug sail salad salt sand sandwich saturday scarf school sea seed seven shadow sheep shell ship
	shirt shoe shop short shoulder silk silver sister six skirt sky sleep slow smoke snail snow soap sock sofa soft
	soup south spice spider spoon spring square squirrel stable stair star stone stork storm stove straw stream street
	string sugar summer sun sunday supper swan sweet swim table tailor tea ten tent theatre three thunder tiger tile
	toast tomato tower town toy train tree tulip turtle uncle vase velvet village violet violin wagon walk wall walnut
	warm water wave wax weather west wheat wheel whistle white willow wind window winter wolf wood wool yard yellow
	yesterday young`

// ordinarySentences are sentences for texts that hide a secret, one per line.
const ordinarySentences = `
The bakery on the corner opens before the sun is up.
My aunt grows tomatoes on a balcony that gets no shade at all.
We walked along the river until the rain began.
Has anybody seen the blue umbrella that stood by the door?
A small dog slept under the table all afternoon.
The train to the coast was late again, so we played cards.
She painted the fence green and the gate white.
He learned to bake bread from a book with no pictures.
On Sunday the market sells cheese, honey and old clocks.
The cat likes the warm place behind the stove.
Our neighbours have a piano, but nobody plays it well.
Last winter the lake froze and the children skated on it.
Bring a jacket, because the wind is cold on the hill.
The museum has a room full of wooden ships.
I found a coin from another century in the garden.
They sang the same song three times and laughed each time.
The soup needs salt, a little lemon and ten more minutes.
Nobody knows who left the bicycle in front of the school.
In spring the orchard smells of apples and wet grass.
The old bridge is closed to cars but open to walkers.
My brother collects stamps with birds on them.
It takes an hour to row across the bay on a calm day.
The library lends games and tools as well as books.
We saw two foxes near the railway this morning.
Her grandmother knitted a scarf as long as the hall.
The kettle whistled and everybody came to the kitchen.
He wrote a postcard and forgot to buy a stamp.
A storm took half the roof of the barn last night.
The tailor on our street repairs tents and sails too.
Do you remember the summer when we slept in the attic?
The film was long, yet I would watch it again.
A sparrow built its nest above the cinema door.
They drank tea from tall glasses and talked about the sea.
The path through the wood is muddy until June.
My sister plays the drum in a band of nine people.
Somebody had drawn a whale on the wet sand.
The shop sells ropes, lamps and very good chocolate.
At noon the bells of four churches ring at once.
We planted beans along the wall and carrots in the middle.
The last bus leaves when the theatre closes.
`
