"""Short texts in many languages, written for this project, and the encodings in common use for each language.

guessing.py learns a language from them: they suffice to show which characters are frequent, and which follow
one another.
"""

from typing import NamedTuple


class Language(NamedTuple):
    """What guessing an encoding needs to know about a language.

    encodings: those that have its letters. If two of them read bytes as the same text, the first is named.
    standard: for a language with thousands of characters, a two-byte encoding, and the first and the last
        lead byte of the common characters in it.
    """

    text: str
    encodings: tuple[str, ...]
    standard: tuple[str, int, int] | None = None


WESTERN, CENTRAL = ("cp1252", "mac-roman", "cp850"), ("cp1250", "iso8859-2", "cp852")
BALTIC = ("cp1257", "iso8859-13")
CYRILLIC = ("cp1251", "koi8-r", "koi8-u", "cp866", "iso8859-5", "mac-cyrillic")
# Encodings of old systems, and encodings that are hardly used because others have the same letters.
RARE = (
    *("cp850", "cp852", "cp866", "mac-roman", "mac-cyrillic", "koi8-u", "utf-16-le", "utf-16-be"),
    *("iso8859-5", "iso8859-6", "iso8859-7", "iso8859-8", "iso8859-13"),
)

LANGUAGES = {
    "Chinese": Language(
        """
今天是个好天气，我和他一起到学校去。老师说：“你们这个时候来得不早了，大家都在里面等着。”我们没有说什么，就坐
下来看书。中午的时候，妈妈做了很多好吃的，有鱼，有肉，也有米饭。吃过饭以后，爸爸问我想要什么，我说我想知道为
什么天是蓝的，水是从哪里来的。他笑着对我说：“那要看你自己能不能多读一些书。”那一年冬天下了很大的雪，人们出门
都很小心，路上的车也少了。老人喜欢月亮，孩子们喜欢花。中国的历史很长，有许多地方我还没去过。如果可以，请选择
文件的名称，输入用户密码，然后打开新的页面。这是第一次，也是最后一次，因为他们已经用完了所有的时间。生活就是
这样，事情总会发生，但是只要心里明白，就不会害怕。其中无论哪种方法，都必须由国家、政府和社会共同进行。
""",
        ("gb18030", "gbk"),
        ("gb2312", 0xB0, 0xD7),
    ),
    "Traditional Chinese": Language(
        """
今天是個好天氣，我和他一起到學校去。老師說：「你們這個時候來得不早了，大家都在裡面等著。」我們沒有說什麼，就
坐下來看書。中午的時候，媽媽做了很多好吃的，有魚，有肉，也有米飯。吃過飯以後，爸爸問我想要什麼，我說我想知道
為什麼天是藍的，水是從哪裡來的。他笑著對我說：「那要看你自己能不能多讀一些書。」那一年冬天下了很大的雪，人們
出門都很小心，路上的車也少了。老人喜歡月亮，孩子們喜歡花。中國的歷史很長，有許多地方我還沒去過。如果可以，請
選擇檔案的名稱，輸入使用者密碼，然後打開新的頁面。這是第一次，也是最後一次，因為他們已經用完了所有的時間。生
活就是這樣，事情總會發生，但是只要心裡明白，就不會害怕。其中無論哪種方法，都必須由國家、政府和社會共同進行。
""",
        ("big5", "cp950", "big5hkscs"),
        ("big5", 0xA4, 0xC6),
    ),
    "Japanese": Language(
        """
今日はとてもいい天気ですから、友だちと一緒に公園まで歩いて行きました。そこには大きな木があって、その下で子ど
もたちが遊んでいます。私は本を読みながら、コーヒーを飲んでいました。すると、猫が川を見ていることに気がつきま
した。「何を見ているの」と聞いても、もちろん答えはありません。夕方になると風が少し寒くなったので、家に帰るこ
とにしました。母が作ってくれた料理はおいしかったです。これは日本の小さな町の話ですが、どこの国でも同じような
ことがあるのではないでしょうか。ファイルの名前を入力して、次のページを開いてください。このユーザーのパスワー
ドは変更されませんでした。すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。
吾輩は猫である。名前はまだ無い。
""",
        ("shift_jis", "cp932", "euc-jp"),
        ("shift_jis", 0x82, 0x97),
    ),
    "Korean": Language(
        """
오늘은 날씨가 아주 좋아서 친구와 함께 공원까지 걸어서 갔습니다. 거기에는 큰 나무가 있고 그 아래에서 아이들이
놀고 있었습니다. 나는 책을 읽으면서 커피를 마셨습니다. 그런데 고양이 한 마리가 강을 보고 있는 것을
알았습니다. 무엇을 보고 있느냐고 물어도 대답은 없었습니다. 저녁이 되자 바람이 조금 추워졌기 때문에 집으로
돌아가기로 했습니다. 어머니가 만들어 주신 음식은 정말 맛있었습니다. 이것은 한국의 작은 마을 이야기이지만
어느 나라에서나 비슷한 일이 있을 것입니다. 파일 이름을 입력하고 다음 페이지를 여십시오. 사용자의 비밀번호가
변경되지 않았습니다. 모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. 우리는 서로 형제의
정신으로 행동하여야 하며 선택한 데이터를 삭제할 수 없다고 말했다.
""",
        ("euc-kr", "cp949"),
        ("euc-kr", 0xB0, 0xC8),
    ),
    "Russian": Language(
        """
Сегодня была очень хорошая погода, и мы с другом пошли пешком в парк. Там стоит большое дерево, под которым
играли дети. Я читал книгу и пил кофе, когда заметил, что кошка смотрит на реку. «Что ты там видишь?» —
спросил я, но ответа, конечно, не было. Вечером подул холодный ветер, и поэтому мы решили вернуться домой.
Мама приготовила вкусный ужин. Старик любил эту дорогу и часто ходил по ней один. Все люди рождаются
свободными и равными в своём достоинстве и правах. Введите имя пользователя, пароль и выберите файл;
страница будет изменена, если объект существует. Ещё раз: не надо спешить, жизнь идёт своим чередом.
""",
        CYRILLIC,
    ),
    "Ukrainian": Language(
        """
Сьогодні була дуже гарна погода, і ми з другом пішли пішки до парку. Там стоїть велике дерево, під яким
гралися діти. Я читав книжку й пив каву, коли помітив, що кішка дивиться на річку. «Що ти там бачиш?» —
запитав я, але відповіді, звичайно, не було. Увечері повіяв холодний вітер, тому ми вирішили повернутися
додому. Мати приготувала смачну вечерю. Всі люди народжуються вільними і рівними у своїй гідності та правах.
Введіть ім'я користувача, пароль і виберіть файл; сторінку буде змінено, якщо об'єкт існує.
""",
        CYRILLIC,
    ),
    "Bulgarian": Language(
        """
Днес времето беше много хубаво и отидохме с приятел пеша до парка. Там има голямо дърво, под което си
играеха деца. Четях книга и пиех кафе, когато забелязах, че една котка гледа реката. „Какво виждаш там?“ —
попитах аз, но отговор, разбира се, нямаше. Вечерта задуха студен вятър и затова решихме да се върнем у
дома. Мама беше приготвила вкусна вечеря. Всички хора се раждат свободни и равни по достойнство и права.
Въведете потребителско име, парола и изберете файл; страницата ще бъде променена, ако обектът съществува.
""",
        CYRILLIC,
    ),
    "Greek": Language(
        """
Σήμερα ο καιρός ήταν πολύ καλός και πήγαμε με τον φίλο μου με τα πόδια στο πάρκο. Εκεί υπάρχει ένα μεγάλο
δέντρο και κάτω από αυτό έπαιζαν παιδιά. Διάβαζα ένα βιβλίο και έπινα καφέ, όταν είδα ότι μια γάτα κοιτούσε
το ποτάμι. «Τι βλέπεις εκεί;» ρώτησα, αλλά βέβαια δεν πήρα απάντηση. Το βράδυ φύσηξε κρύος αέρας και γι’
αυτό γυρίσαμε στο σπίτι. Η μητέρα είχε ετοιμάσει ωραίο φαγητό. Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και
ίσοι στην αξιοπρέπεια και τα δικαιώματα. Εισάγετε το όνομα χρήστη, τον κωδικό πρόσβασης και επιλέξτε αρχείο·
η σελίδα θα αλλάξει αν υπάρχει το αντικείμενο.
""",
        ("cp1253", "iso8859-7"),
    ),
    "Polish": Language(
        """
Dzisiaj była bardzo ładna pogoda, więc poszliśmy z przyjacielem pieszo do parku. Stoi tam wielkie drzewo,
pod którym bawiły się dzieci. Czytałem książkę i piłem kawę, kiedy zauważyłem, że kot patrzy na rzekę. „Co
tam widzisz?” – zapytałem, ale oczywiście nie było odpowiedzi. Wieczorem zerwał się zimny wiatr, dlatego
postanowiliśmy wrócić do domu. Matka przygotowała smaczną kolację. Wszyscy ludzie rodzą się wolni i równi
pod względem swej godności i swych praw. Wprowadź nazwę użytkownika, hasło i wybierz plik; strona zostanie
zmieniona, jeśli obiekt już istnieje. Źle, że ćma i łoś są w tej samej łódce, ażeby pójść dalej.
""",
        CENTRAL,
    ),
    "Czech": Language(
        """
Dnes bylo velmi pěkné počasí, a tak jsme šli s přítelem pěšky do parku. Stojí tam veliký strom, pod kterým
si hrály děti. Četl jsem knihu a pil kávu, když jsem si všiml, že se kočka dívá na řeku. „Co tam vidíš?“
zeptal jsem se, ale odpověď samozřejmě nepřišla. Večer začal foukat studený vítr, a proto jsme se rozhodli
vrátit domů. Matka připravila dobrou večeři. Všichni lidé se rodí svobodní a sobě rovní co do důstojnosti a
práv. Zadejte uživatelské jméno, heslo a vyberte soubor; stránka bude změněna, pokud objekt již existuje.
Příliš žluťoučký kůň úpěl ďábelské ódy.
""",
        CENTRAL,
    ),
    "Hungarian": Language(
        """
Ma nagyon szép idő volt, ezért a barátommal gyalog mentünk a parkba. Ott áll egy nagy fa, amely alatt
gyerekek játszottak. Könyvet olvastam és kávét ittam, amikor észrevettem, hogy egy macska a folyót nézi.
„Mit látsz ott?” – kérdeztem, de természetesen nem jött válasz. Este hideg szél kezdett fújni, ezért úgy
döntöttünk, hogy hazamegyünk. Az édesanyám finom vacsorát készített. Minden emberi lény szabadon születik és
egyenlő méltósága és joga van. Írja be a felhasználónevet és a jelszót, majd válasszon fájlt; az oldal
módosul, ha létező tárgyról van szó. Árvíztűrő tükörfúrógép.
""",
        CENTRAL,
    ),
    "Romanian": Language(
        """
Astăzi a fost o vreme foarte frumoasă, aşa că am mers pe jos în parc cu un prieten. Acolo se află un copac
mare, sub care se jucau copiii. Citeam o carte şi beam cafea când am observat că o pisică se uita la râu.
„Ce vezi acolo?” am întrebat, dar bineînţeles că nu a venit niciun răspuns. Seara a început să bată un vânt
rece şi de aceea ne-am hotărât să ne întoarcem acasă. Mama pregătise o cină bună. Toate fiinţele umane se
nasc libere şi egale în demnitate şi în drepturi. Introduceţi numele de utilizator şi parola şi alegeţi un
fişier; pagina va fi schimbată dacă obiectul există deja. Această valoare trebuie să fie validă.
""",
        CENTRAL,
    ),
    "Croatian": Language(
        """
Danas je bilo vrlo lijepo vrijeme, pa smo s prijateljem pješice otišli u park. Tamo stoji veliko drvo, pod
kojim su se igrala djeca. Čitao sam knjigu i pio kavu kad sam primijetio da mačka gleda rijeku. „Što vidiš
tamo?“ upitao sam, ali odgovora, naravno, nije bilo. Navečer je počeo puhati hladan vjetar i zato smo
odlučili vratiti se kući. Majka je pripremila dobru večeru. Sva ljudska bića rađaju se slobodna i jednaka u
dostojanstvu i pravima. Unesite korisničko ime i lozinku te odaberite datoteku; stranica će biti
promijenjena ako objekt već postoji. Još nešto: gdje živiš?
""",
        CENTRAL,
    ),
    "Slovak": Language(
        """
Dnes bolo veľmi pekné počasie, a tak sme išli s priateľom pešo do parku. Stojí tam veľký strom, pod ktorým
sa hrali deti. Čítal som knihu a pil kávu, keď som si všimol, že sa mačka pozerá na rieku. „Čo tam vidíš?“
spýtal som sa, ale odpoveď samozrejme neprišla. Večer začal fúkať studený vietor, a preto sme sa rozhodli
vrátiť sa domov. Mama pripravila dobrú večeru. Všetci ľudia sa rodia slobodní a rovní v dôstojnosti a
právach. Zadajte používateľské meno a heslo a vyberte súbor; stránka sa zmení, ak objekt už existuje. Ďalší
kôň stál v tŕní.
""",
        CENTRAL,
    ),
    "Icelandic": Language(
        """
Í dag var mjög gott veður, svo við gengum í garðinn með vini okkar. Þar stendur stórt tré og undir því voru
börn að leika sér. Ég las bók og drakk kaffi þegar ég tók eftir því að köttur horfði á ána. „Hvað sérðu
þarna?“ spurði ég, en það kom auðvitað ekkert svar. Um kvöldið fór að blása köldum vindi og þess vegna
ákváðum við að fara heim. Mamma hafði búið til góðan mat. Hver maður er borinn frjáls og jafn öðrum að
virðingu og réttindum. Sláðu inn notandanafn og lykilorð og veldu skrá; síðunni verður breytt ef hluturinn
er þegar til. Þetta er ekki gilt gildi.
""",
        WESTERN,
    ),
    "Lithuanian": Language(
        """
Šiandien buvo labai gražus oras, todėl su draugu pėsčiomis nuėjome į parką. Ten stovi didelis medis, po
kuriuo žaidė vaikai. Skaičiau knygą ir gėriau kavą, kai pastebėjau, kad katė žiūri į upę. „Ką tu ten matai?“
paklausiau, bet, žinoma, atsakymo nebuvo. Vakare ėmė pūsti šaltas vėjas, ir dėl to nusprendėme grįžti namo.
Mama buvo paruošusi gerą vakarienę. Visi žmonės gimsta laisvi ir lygūs savo orumu ir teisėmis. Įveskite
naudotojo vardą ir slaptažodį ir pasirinkite failą; puslapis bus pakeistas, jei objektas jau yra. Ši reikšmė
turi būti teisinga, o skaičiai – ne.
""",
        BALTIC,
    ),
    "Latvian": Language(
        """
Šodien bija ļoti jauks laiks, tāpēc ar draugu kājām gājām uz parku. Tur aug liels koks, zem kura spēlējās
bērni. Es lasīju grāmatu un dzēru kafiju, kad pamanīju, ka kaķis skatās uz upi. “Ko tu tur redzi?” es
jautāju, bet atbildes, protams, nebija. Vakarā sāka pūst auksts vējš, un tādēļ mēs nolēmām atgriezties
mājās. Māte bija pagatavojusi labas vakariņas. Visi cilvēki piedzimst brīvi un vienlīdzīgi savā pašcieņā un
tiesībās. Ievadiet lietotājvārdu un paroli un izvēlieties failu; lapa tiks mainīta, ja objekts jau eksistē.
Šī vērtība nav derīga, lūdzu, mēģiniet vēlreiz.
""",
        BALTIC,
    ),
    "Estonian": Language(
        """
Täna oli väga ilus ilm, nii et läksime sõbraga jalgsi parki. Seal kasvab suur puu, mille all mängisid
lapsed. Lugesin raamatut ja jõin kohvi, kui märkasin, et kass vaatab jõge. „Mida sa seal näed?“ küsisin ma,
aga vastust muidugi ei tulnud. Õhtul hakkas puhuma külm tuul ja seepärast otsustasime koju tagasi pöörduda.
Ema oli teinud hea õhtusöögi. Kõik inimesed sünnivad vabadena ja võrdsetena oma väärikuselt ja õigustelt.
Sisestage kasutajanimi ja salasõna ning valige fail; lehte muudetakse, kui objekt on juba olemas. Šokolaad
ja žanr on võõrsõnad.
""",
        ("cp1252", *BALTIC),
    ),
    "Persian": Language(
        """
امروز هوا خیلی خوب بود، برای همین با دوستم پیاده به پارک رفتیم. آنجا درخت بزرگی هست که بچه‌ها زیر آن بازی
می‌کردند. من کتاب می‌خواندم و قهوه می‌خوردم که دیدم گربه‌ای به رودخانه نگاه می‌کند. پرسیدم چه چیزی می‌بینی،
اما البته پاسخی نیامد. شب باد سردی وزید و به همین دلیل تصمیم گرفتیم به خانه برگردیم. مادرم غذای خوبی پخته
بود. تمام افراد بشر آزاد به دنیا می‌آیند و از لحاظ حیثیت و حقوق با هم برابرند. نام کاربری و گذرواژه را وارد
کنید و پرونده‌ای را انتخاب کنید؛ اگر شیء موجود باشد این صفحه تغییر خواهد کرد.
""",
        ("cp1256",),
    ),
    "Dutch": Language(
        """
Vandaag was het heel mooi weer, dus zijn we met een vriend te voet naar het park gegaan. Daar staat een
grote boom, waaronder kinderen speelden. Ik las een boek en dronk koffie toen ik merkte dat een kat naar de
rivier keek. ‘Wat zie je daar?’ vroeg ik, maar natuurlijk kwam er geen antwoord. ’s Avonds stak een koude
wind op, en daarom besloten we naar huis te gaan. Moeder had lekker eten gekookt. Alle mensen worden vrij en
gelijk in waardigheid en rechten geboren. Voer de gebruikersnaam en het wachtwoord in en kies een bestand;
de pagina wordt gewijzigd als het object bestaat. Eén idee, twee ideeën; België en Italië, coöperatie,
geïmporteerde café’s.
""",
        WESTERN,
    ),
    "Albanian": Language(
        """
Sot bënte kohë shumë e bukur, prandaj shkuam në këmbë në park me një mik. Atje ka një pemë të madhe, nën të
cilën luanin fëmijët. Unë lexoja një libër dhe pija kafe, kur vura re se një mace po shikonte lumin. “Çfarë
sheh atje?” pyeta, por sigurisht që nuk erdhi asnjë përgjigje. Në mbrëmje filloi të frynte një erë e ftohtë,
ndaj vendosëm të kthehemi në shtëpi. Nëna kishte gatuar një darkë të mirë. Të gjithë njerëzit lindin të lirë
dhe të barabartë në dinjitet dhe në të drejta. Jepni emrin e përdoruesit dhe fjalëkalimin dhe zgjidhni një
kartelë.
""",
        WESTERN,
    ),
    "French": Language(
        """
Aujourd’hui il faisait très beau, alors nous sommes allés à pied au parc avec un ami. Là-bas il y a un grand
arbre sous lequel des enfants jouaient. Je lisais un livre et je buvais un café quand j’ai remarqué qu’un
chat regardait la rivière. « Que vois-tu ? » ai-je demandé, mais bien sûr il n’y a pas eu de réponse. Le
soir, un vent froid s’est levé, c’est pourquoi nous avons décidé de rentrer à la maison. Ma mère avait
préparé un bon dîner. Tous les êtres humains naissent libres et égaux en dignité et en droits. Entrez le nom
d’utilisateur, le mot de passe et sélectionnez un fichier ; la page sera modifiée si l’objet existe déjà. Où
êtes-vous, garçon ? L’élève préférée de l’été, hélas, a été reçue à Noël.
""",
        WESTERN,
    ),
    "German": Language(
        """
Heute war sehr schönes Wetter, deshalb sind wir mit einem Freund zu Fuß in den Park gegangen. Dort steht ein
großer Baum, unter dem Kinder spielten. Ich las ein Buch und trank Kaffee, als ich bemerkte, dass eine Katze
auf den Fluss schaute. „Was siehst du dort?“, fragte ich, aber natürlich kam keine Antwort. Am Abend wehte
ein kühler Wind, und so beschlossen wir, nach Hause zurückzukehren. Die Mutter hatte ein gutes Essen
gekocht. Alle Menschen sind frei und gleich an Würde und Rechten geboren. Geben Sie den Benutzernamen und
das Passwort ein und wählen Sie eine Datei aus; die Seite wird geändert, falls das Objekt für Änderungen
offen ist. Ähnlich über Öl, Übung und Straße.
""",
        WESTERN,
    ),
    "Spanish": Language(
        """
Hoy hacía muy buen tiempo, así que fuimos a pie al parque con un amigo. Allí hay un gran árbol debajo del
cual jugaban unos niños. Yo leía un libro y tomaba un café cuando noté que un gato miraba el río. «¿Qué ves
ahí?», pregunté, pero por supuesto no hubo respuesta. Por la noche se levantó un viento frío y por eso
decidimos volver a casa. Mi mamá había preparado una cena riquísima. Todos los seres humanos nacen libres e
iguales en dignidad y derechos. Introduzca el nombre de usuario y la contraseña y seleccione un archivo; la
página se cambiará si el objeto ya existe. ¡Mañana será otro día! El pingüino también comió.
""",
        WESTERN,
    ),
    "Portuguese": Language(
        """
Hoje o tempo estava muito bom, então fomos a pé ao parque com um amigo. Lá existe uma grande árvore, debaixo
da qual crianças brincavam. Eu lia um livro e tomava café quando percebi que um gato olhava para o rio. “O
que você está vendo?”, perguntei, mas é claro que não houve resposta. À noite começou a soprar um vento
frio, e por isso decidimos voltar para casa. Minha mãe tinha preparado um bom jantar. Todos os seres humanos
nascem livres e iguais em dignidade e em direitos. Introduza o nome do usuário e a senha e escolha o
ficheiro; a página será alterada se o objeto já existir. As ações são três: avô, avó e irmãos.
""",
        WESTERN,
    ),
    "Italian": Language(
        """
Oggi c’era un tempo bellissimo, così siamo andati a piedi al parco con un amico. Là c’è un grande albero
sotto il quale giocavano dei bambini. Leggevo un libro e bevevo un caffè quando ho notato che un gatto
guardava il fiume. «Che cosa vedi?» ho chiesto, ma naturalmente non c’è stata risposta. La sera si è alzato
un vento freddo, perciò abbiamo deciso di tornare a casa. La mamma aveva preparato una buona cena. Tutti gli
esseri umani nascono liberi ed eguali in dignità e diritti. Inserire il nome utente e la password e
scegliere un file; la pagina verrà modificata se l’oggetto esiste già. Perché no? Più tardi, lunedì, potrà
farlo chi può. Città e virtù.
""",
        WESTERN,
    ),
    "Swedish": Language(
        """
I dag var det mycket vackert väder, så vi gick till fots till parken med en vän. Där står ett stort träd,
under vilket några barn lekte. Jag läste en bok och drack kaffe när jag märkte att en katt såg på ån. ”Vad
ser du där?” frågade jag, men något svar kom förstås inte. På kvällen började det blåsa en kall vind, och
därför beslöt vi att gå hem. Mor hade lagat god mat. Alla människor är födda fria och lika i värde och
rättigheter. Ange användarnamn och lösenord och välj en fil; sidan ändras om objektet redan finns. Även små
åtgärder kan göra stor skillnad.
""",
        WESTERN,
    ),
    "Danish": Language(
        """
I dag var det meget smukt vejr, så vi gik til fods til parken med en ven. Der står et stort træ, og under
det legede nogle børn. Jeg læste en bog og drak kaffe, da jeg lagde mærke til, at en kat så på åen. »Hvad
ser du der?« spurgte jeg, men der kom naturligvis ikke noget svar. Om aftenen begyndte det at blæse en kold
vind, og derfor besluttede vi at gå hjem. Mor havde lavet god mad. Alle mennesker er født frie og lige i
værdighed og rettigheder. Indtast brugernavn og adgangskode, og vælg en fil; siden ændres, hvis objektet
allerede findes. Prøv også på norsk: hvor mye koster brødet på øya, og når går båten?
""",
        WESTERN,
    ),
    "Finnish": Language(
        """
Tänään oli hyvin kaunis ilma, joten menimme ystävän kanssa kävellen puistoon. Siellä on suuri puu, jonka
alla lapset leikkivät. Luin kirjaa ja join kahvia, kun huomasin, että kissa katseli jokea. ”Mitä näet
siellä?” kysyin, mutta vastausta ei tietenkään tullut. Illalla alkoi puhaltaa kylmä tuuli, ja siksi päätimme
palata kotiin. Äiti oli tehnyt hyvää ruokaa. Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja
oikeuksiltaan. Syötä käyttäjätunnus ja salasana ja valitse tiedosto; sivu muuttuu, jos kohde on jo olemassa.
Yötä päivää työtä.
""",
        WESTERN,
    ),
    "English": Language(
        """
Today the weather was very good, so we walked to the park with a friend. There is a big tree there, under
which some children were playing. I was reading a book and drinking coffee when I noticed that a cat was
looking at the river. “What do you see there?” I asked, but of course there was no answer – it’s only a cat,
isn’t it? In the evening a cold wind began to blow, and that’s why we decided to go home. My mother had
cooked a good dinner; we didn’t leave any of it. All human beings are born free and equal in dignity and
rights. Enter the user’s name and the password and select a file; the page will be changed if the object
exists. A naïve fiancé’s café costs £5 — or €6… That doesn’t matter.
""",
        WESTERN,
    ),
    "Turkish": Language(
        """
Bugün hava çok güzeldi, bu yüzden bir arkadaşımla parka yürüyerek gittik. Orada büyük bir ağaç var, altında
çocuklar oynuyordu. Kitap okuyup kahve içiyordum, o sırada bir kedinin nehre baktığını fark ettim. “Orada ne
görüyorsun?” diye sordum ama elbette cevap gelmedi. Akşam soğuk bir rüzgâr esmeye başladı, onun için eve
dönmeye karar verdik. Annem güzel bir yemek yapmıştı. Bütün insanlar hür, haysiyet ve haklar bakımından eşit
doğarlar. Kullanıcı adını ve şifreyi girin, bir dosya seçin; nesne zaten varsa sayfa değiştirilecektir. İyi
geceler, ışığı söndürmeyi unutmayın.
""",
        ("cp1254",),
    ),
    "Hebrew": Language(
        """
היום היה מזג אוויר יפה מאוד, ולכן הלכנו ברגל לפארק עם חבר. יש שם עץ גדול, ומתחתיו שיחקו ילדים. קראתי ספר
ושתיתי קפה כאשר שמתי לב שחתול מסתכל על הנהר. מה אתה רואה שם, שאלתי, אבל כמובן לא הייתה תשובה. בערב התחילה
לנשוב רוח קרה, ולכן החלטנו לחזור הביתה. אמא הכינה אוכל טוב. כל בני האדם נולדו בני חורין ושווים בערכם
ובזכויותיהם. הזינו את שם המשתמש ואת הסיסמה ובחרו קובץ; הדף ישתנה אם האובייקט כבר קיים. אם יש לך זמן, כדאי
לקרוא עוד על הדברים האלה, כי הם חשובים לכל אחד ואחת. לא ניתן לשמור את הרשומה הזאת, נסו שוב מאוחר יותר. השם
הוא של מי שכתב את הספר, והשנה היא השנה שבה יצא לאור בארץ ישראל. אל תשכחו לבוא מחר בבוקר, בשעה שמונה, אל תחנת
הרכבת.
""",
        ("cp1255", "iso8859-8"),
    ),
    "Arabic": Language(
        """
كان الطقس اليوم جميلا جدا، فذهبنا مشيا إلى الحديقة مع صديق. هناك شجرة كبيرة كان الأطفال يلعبون تحتها. كنت
أقرأ كتابا وأشرب القهوة عندما لاحظت أن قطة تنظر إلى النهر. سألتها ماذا ترين هناك، لكن لم يكن هناك جواب. في
المساء بدأت الريح الباردة، لذلك قررنا أن نعود إلى البيت. أعدت أمي طعاما جيدا. يولد جميع الناس أحرارا متساوين
في الكرامة والحقوق. أدخل اسم المستخدم وكلمة المرور واختر ملفا، وسيتم تغيير الصفحة إذا كان العنصر موجودا. هذه
القيمة يجب أن تكون صحيحة، ولا يمكن حفظ البيانات التي لم يتم إدخالها. من فضلك حاول مرة أخرى بعد قليل، أو اتصل
بنا على العنوان التالي. قال الرجل إن هذا الكتاب كان عند أخيه منذ ثلاث سنوات، وإنه لا يعرف متى يعود من السفر.
""",
        ("cp1256", "iso8859-6"),
    ),
    "Thai": Language(
        """
วันนี้อากาศดีมาก เราจึงเดินไปที่สวนสาธารณะกับเพื่อน ที่นั่นมีต้นไม้ใหญ่ต้นหนึ่ง เด็กๆ กำลังเล่นอยู่ข้างล่าง
ผมอ่านหนังสือและดื่มกาแฟ แล้วก็เห็นแมวตัวหนึ่งมองดูแม่น้ำ ถามว่าเห็นอะไร แต่แน่นอนว่าไม่มีคำตอบ
ตอนเย็นลมหนาวเริ่มพัด เราจึงตัดสินใจกลับบ้าน แม่ทำอาหารอร่อยไว้
มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ กรุณาใส่ชื่อผู้ใช้และรหัสผ่าน แล้วเลือกไฟล์
หน้านี้จะถูกเปลี่ยนหากวัตถุมีอยู่แล้ว
""",
        ("cp874",),
    ),
}
